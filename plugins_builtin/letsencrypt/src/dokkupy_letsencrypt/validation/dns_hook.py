"""The program that certbot runs for a record: `dns_hook.py SOCKET present|absent`. Passes it on and waits for the result.

Nothing of ours is imported: it is started for each name.
"""

import json
import os
import socket
import sys

SECONDS = 600
"""Seconds in which a DNS provider publishes a record."""


def main() -> int:
    path, verb = sys.argv[1:3]
    asked = {
        "domain": os.environ["CERTBOT_DOMAIN"],
        "value": os.environ["CERTBOT_VALIDATION"],
        "present": verb == "present",
    }
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
        connection.sendall(json.dumps(asked).encode() + b"\n")
        with connection.makefile("r", encoding="utf-8") as answer:
            reason = answer.readline().strip()
    if reason:
        print(reason, file=sys.stderr)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
