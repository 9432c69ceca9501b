"""Run on the machine under test: measure the requests per second and the 99th percentile through several servers, in
turn.

`inside_proxy.py ROUNDS SECONDS URL...`: each URL is loaded for about so many seconds in each round, so that a slow moment
affects all of them. All get the same number of requests: h2load, asked to stop after a time instead, sometimes never ends
over HTTP/1.1. All names point to this machine. `http://` is loaded with HTTP/1.1 and `https://` with HTTP/2.
Prints a JSON list: rate and microseconds, the medians of all rounds.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CLIENTS = 16
FIRST = 320
MOST = CLIENTS * 900
"""nginx ends a connection after 1000 requests (`keepalive_requests`), which h2load counts as failures over HTTP/2."""


def load(url: str, requests: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "times")
        flags = ["--h1"] if url.startswith("http:") else ["-m", "4"]
        port = url.split("/")[2].partition(":")[2]
        argv = ["h2load", *flags, "-c", str(CLIENTS), "-t", "1", "-n", str(requests), f"--log-file={log}"]
        argv += [f"--connect-to=127.0.0.1:{port}", url]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
        rows = [tuple(map(int, line.split())) for line in log.read_text().splitlines()]
        failed = [row for row in rows if row[1] != 200]
        if failed or len(rows) != requests:
            raise SystemExit(f"{url}: {len(failed)} of {len(rows)} requests failed\n{done.stdout}")
        elapsed = max(start + time for start, _, time in rows) - min(start for start, _, _ in rows)
        times = sorted(time for _, _, time in rows)
        return requests * 1e6 / elapsed, times[requests * 99 // 100]


def main(rounds: str, seconds: str, *urls: str) -> None:
    found: list[list[tuple[float, float]]] = [[] for _ in urls]
    requests = min(MOST, max(FIRST, int(float(seconds) * max(load(url, FIRST)[0] for url in urls))))
    for number in range(int(rounds)):
        order = list(zip(urls, found, strict=True))
        for url, row in order if number % 2 else reversed(order):
            row.append(load(url, requests))
    print(json.dumps([[statistics.median(column) for column in zip(*row, strict=True)] for row in found]))


main(*sys.argv[1:])
