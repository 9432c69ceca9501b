"""Says every minute that it is alive, until it is asked to stop."""

from __future__ import annotations

import signal
import threading


def main() -> None:
    stopping = threading.Event()

    def stop(signum: int, frame: object) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print("worker has started", flush=True)
    # A wait without a limit is not interrupted by a signal handler on every platform; a minute is.
    while not stopping.wait(60):
        print("worker is alive", flush=True)
    print("worker has finished", flush=True)


if __name__ == "__main__":
    main()
