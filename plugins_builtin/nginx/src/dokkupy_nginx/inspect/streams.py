"""Whether this host's nginx can serve TCP and UDP ports: the module, and our include in its main configuration."""

from __future__ import annotations

import os

from dokkupy_sdk.model import Readiness

from dokkupy_nginx.inspect.host_config import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_nginx.layout import Layout

MODULE, PACKAGE = "ngx_stream_module", "libnginx-mod-stream"
INCLUDE = "dokkupy.d/main/*.conf"


def readiness(layout: Layout, *, built_in: bool) -> Readiness:
    """built_in: nginx has the module without loading it."""
    found = [one for _, one in walk(layout, os.path.join(layout.etc, "nginx.conf"))]
    loaded = any(one.name == "load_module" and MODULE in one.args[0] for one in found if one.args)
    if not loaded and not built_in:
        reason = f"nginx lacks its stream module, which is in the package {PACKAGE}"
        return Readiness("not-installed", reason, f"sudo apt-get install {PACKAGE}")
    if any(one.name == "stream" for one in found):
        return Readiness(
            "misconfigured",
            "nginx's own configuration has a block `stream` already, and there can be only one",
            f"Remove it from {layout.etc}, then run: sudo dokkupy setup",
        )
    if not is_included(layout):
        return Readiness("misconfigured", f"nginx.conf does not include {INCLUDE}", "Run: sudo dokkupy setup")
    return Readiness()


def is_included(layout: Layout) -> bool:
    try:
        with open(os.path.join(layout.etc, "nginx.conf"), encoding="utf-8", errors="replace") as file:
            return f"include {INCLUDE};" in file.read()
    except OSError:
        return False
