"""Before nginx starts, sets aside each app's file that nginx would refuse, so that nginx serves the rest.

The unit's drop-in runs it as root, without the other plugins: `python -I -m dokkupy_nginx.boot STATE_DIRECTORY`.
"""

from __future__ import annotations

import sys

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError

from dokkupy_nginx.proxy import NginxProxy
from dokkupy_nginx.recovery.quarantine import clean


def main(words: list[str]) -> int:
    host = Host(*words[:1], command="nginx start-up check")
    try:
        for app, reason in clean(NginxProxy(host)).items():
            print(f"dokkupy: the configuration of app {app} is set aside: {reason}", file=sys.stderr)
    except DokkupyError as error:
        print(f"dokkupy: {error.message}", *error.details, error.hint, sep="\n  ", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
