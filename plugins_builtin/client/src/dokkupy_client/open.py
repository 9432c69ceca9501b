"""`dokku open`: the app in the browser."""

from __future__ import annotations

import sys

from dokkupy_client import ssh
from dokkupy_client.faults import Fault
from dokkupy_client.programs import captured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_client.remotes import Target

USAGE = "Usage: dokku open [APP] [/PATH], such as: dokku open /admin"


def open_app(target: Target, words: Sequence[str]) -> int:
    """Show the app's URL in the browser; without one, print it. An argument is another app, or a path that begins with `/`."""
    paths = [word for word in words if word.startswith("/")]
    apps = [word for word in words if not word.startswith("/")]
    if len(paths) > 1 or len(apps) > 1 or any(not word or word.startswith("-") for word in apps):
        raise Fault("open takes an app and a path", USAGE)
    path, app = "".join(paths), apps[0] if apps else target.app
    if not app:
        raise Fault("Which app?", "Type: dokku open APP")
    status, out, err = captured(ssh.command(target, ["url", app]))
    sys.stderr.write(err.decode("utf-8", "replace"))
    if status != 0:
        return status
    url = out.decode("utf-8", "replace").strip().partition("\n")[0] + path
    if not url.startswith(("http://", "https://")):
        raise Fault(f"{app} has no URL", "It has no domain, or no port: dokku domains:report and dokku ports:report")
    print(url, flush=True)
    import webbrowser

    try:
        webbrowser.open(url)
    except webbrowser.Error:
        pass
    return 0
