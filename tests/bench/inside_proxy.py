"""Run on the machine under test: measure the requests per second and the 99th percentile through several servers, in
turn.

`inside_proxy.py ROUNDS SECONDS URL...`: each URL is loaded for some seconds in each round, so that a slow moment
affects all of them. All names point to this machine. `http://` is loaded with HTTP/1.1 and `https://` with HTTP/2.
Prints a JSON list: rate and microseconds, the medians of all rounds.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CLIENTS = 16


def load(url: str, seconds: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "times")
        flags = ["--h1"] if url.startswith("http:") else ["-m", "4"]
        port = url.split("/")[2].partition(":")[2]
        argv = ["h2load", *flags, "-c", str(CLIENTS), "-t", "1", "-D", seconds, f"--log-file={log}"]
        argv += [f"--connect-to=127.0.0.1:{port}", url]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        rows = [line.split() for line in log.read_text().splitlines()]
        failed = [row for row in rows if row[1] != "200"]
        if failed or not rows:
            raise SystemExit(f"{url}: {len(failed)} of {len(rows)} requests failed\n{done.stdout}")
        times = sorted(int(row[2]) for row in rows)
        return len(rows) / float(seconds), times[len(times) * 99 // 100]


def main(rounds: str, seconds: str, *urls: str) -> None:
    found: list[list[tuple[float, float]]] = [[] for _ in urls]
    for number in range(int(rounds)):
        order = list(zip(urls, found, strict=True))
        for url, row in order if number % 2 else reversed(order):
            row.append(load(url, seconds))
    print(json.dumps([[statistics.median(column) for column in zip(*row, strict=True)] for row in found]))


main(*sys.argv[1:])
