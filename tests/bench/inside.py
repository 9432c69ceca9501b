"""Run on the machine under test: measure a push, and its parts by hand. Prints one JSON object.

`inside.py REPOSITORY APP HOSTNAME ROUNDS`: REPOSITORY has the remotes `dokku` (the app) and `floor` (a bare repository
that a plain user owns, over the same SSH).
"""

import http.client
import json
import statistics
import subprocess
import sys
import threading
import time


def timed(argv: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"{argv}\n{done.stdout.decode()}")
    return time.perf_counter() - start


def body(address: str, port: int, name: str) -> str:
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", "/", headers={"Host": name})
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()


def wait_for(text: str, address: str, port: int, name: str) -> float:
    while text not in body(address, port, name):
        time.sleep(0.01)
    return time.perf_counter()


def by_hand(repository: str, text: str) -> dict[str, float]:
    """Measure the parts of a push by hand: git's transfer, the build of the image, the release task, and the app's
    start until it answers."""
    parts = {"git": timed(["git", "-C", repository, "push", "-q", "floor", "main"])}
    parts["build"] = timed(["env", "DOCKER_BUILDKIT=1", "docker", "build", "-q", "-t", "by-hand", repository])
    parts["release task"] = timed(["docker", "run", "--rm", "--pull=never", "by-hand", "python3", "release.py"])
    start = time.perf_counter()
    run = ["docker", "run", "-d", "--pull=never", "-e", "PORT=5000", "by-hand"]
    # both process types start at the same time, as in a deploy
    worker = subprocess.Popen([*run, "python3", "worker.py"], stdout=subprocess.PIPE, text=True)
    found = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    beside = worker.communicate()[0].strip()
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    address = subprocess.run(["docker", "inspect", "-f", form, found], capture_output=True, text=True).stdout.strip()
    parts["start"] = wait_for(text, address, 5000, "x") - start
    subprocess.run(["docker", "rm", "-f", found, beside], capture_output=True)
    return parts


def main(repository: str, app: str, name: str, rounds: int) -> None:
    rows: list[dict[str, float]] = []
    for number in range(rounds):
        text = f"bench {time.time():.0f} {number}"
        subprocess.run(["sed", "-i", f's/^GREETING = .*/GREETING = "{text}"/', f"{repository}/web.py"], check=True)
        subprocess.run(["git", "-C", repository, "commit", "-qam", text], check=True)
        # By hand first, so that the caches of the machine are equally warm for both. The cache key of the copy differs.
        parts = by_hand(repository, text)
        subprocess.run(["docker", "rmi", "-f", "by-hand"], capture_output=True)
        subprocess.run(["docker", "builder", "prune", "-f", "--filter", "until=0s"], capture_output=True)
        served: list[float] = []
        watcher = threading.Thread(target=lambda: served.append(wait_for(text, "127.0.0.1", 80, name)))  # noqa: B023
        watcher.start()
        start = time.perf_counter()
        parts["push returns"] = timed(["git", "-C", repository, "push", "-q", "dokku", "main"])
        watcher.join()
        parts["new version serves"] = served[0] - start
        rows.append(parts)
    print(json.dumps({key: statistics.median(row[key] for row in rows) for key in rows[0]}))


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
