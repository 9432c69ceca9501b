"""The proxy's own responses if an app gives none: a page for visitors with a line for the app's owner.

Each cause has its own page, because each has another remedy. Responses from the app itself pass unchanged. The pages are
part of the configuration, because nginx's workers may not read the state directory.
"""

from __future__ import annotations

from dokkupy_nginx.config.syntax import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CAUSE = "dokkupy_cause"
"""The variable with the reason why an instance gave no response. `cause_map` sets it for each request."""

UNAVAILABLE = {
    "not-deployed": ("Nothing is deployed here yet", "deploy it by git push"),
    "stopped": ("This app is stopped", "start it with ps:start APP"),
    "disabled": ("This app takes no requests from the web", "its proxy is disabled: proxy:enable APP"),
    "crashed": ("This app has crashed", "logs APP and ps:report APP say why"),
    "no-web": ("This app has no web process", "start one with ps:scale APP web=1"),
    "": ("This app is not running", "ps:report APP says why"),
}
"""The reason of a route without instances (`Route.unavailable`) -> title, and what the owner can do."""

STARTING = "It is starting, has crashed, or listens on another port or address: ps:report APP and logs APP say more."
TOO_LARGE = "The head of its answer is larger than the proxy accepts: nginx:set APP proxy-buffer-size 64k"
CUT_OFF = "It closed the connection before its answer was complete: logs APP"

PAGE = 4096
MOST_PAGES = 64


def cause_map() -> list[str]:
    """A map to the reason why the last instance gave no response.

    nginx has no variable for it. But without a connection, the connection's time is `-`; and if the head did not fit, the
    number of received bytes equals the buffer's size, a number of whole pages unless someone set an odd size.
    """
    sizes = "|".join(str(PAGE * count) for count in range(1, MOST_PAGES + 1))
    return [
        f'map "$upstream_connect_time/$upstream_bytes_received" ${CAUSE} {{',
        f"    default {quoted(CUT_OFF)};",
        f'    "~(^|[ ,])-/" {quoted(STARTING)};',
        f'    "~[/ ]({sizes})$" {quoted(TOO_LARGE)};',
        "}",
    ]


def page(status: int, title: str, owner: str) -> str:
    """HTML in one line. owner: what the owner of the app can do."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><p>Error {status}. If this is your app: {owner}</p></html>"
    )


def unavailable_page(reason: str, log: Sequence[str] = ()) -> list[str]:
    """The response to every request while no instance runs. log: see `error_pages`."""
    title, owner = UNAVAILABLE.get(reason, UNAVAILABLE[""])
    return location(502, quoted(page(502, title, owner)), log=log)


def error_pages(max_body_size: str, waiting: str = "", log: Sequence[str] = ()) -> list[str]:
    """The responses if a running instance gave none, or if nginx itself refused the request.

    log: the directive by which the access log says that no instance answered.
    waiting: the directory of pages by host name. If an app has crashed, its page there takes precedence.
    """
    cause = quoted(page(502, "This app does not answer", "@CAUSE@")).replace("@CAUSE@", f"${CAUSE}")
    return [
        *location(
            413,
            quoted(
                page(
                    413,
                    "The request is too large",
                    f"the limit is {max_body_size}; to change it: nginx:set APP client-max-body-size 20m",
                )
            ),
        ),
        *([] if not waiting else crashed_page(waiting, log)),
        *location(502, cause, "cause" if waiting else "", log),
        *location(503, quoted(page(503, "This app is not available", "ps:report APP says why"))),
        *location(
            504,
            quoted(
                page(504, "This app did not answer in time", "to wait longer: nginx:set APP proxy-read-timeout 120s")
            ),
            log=log,
        ),
    ]


def crashed_page(waiting: str, log: Sequence[str]) -> list[str]:
    return [
        "    error_page 502 @dokkupy_502;",
        "    location @dokkupy_502 {",
        "        internal;",
        *(f"        {line}" for line in log),
        "        default_type text/html;",
        f"        root {waiting};",
        "        try_files /$host @dokkupy_cause;",
        "    }",
    ]


def location(status: int, text: str, name: str = "", log: Sequence[str] = ()) -> list[str]:
    """A named location that responds with a status and a page. name: of a location to which other locations lead. log: its
    directive of the access log, if that differs."""
    return [
        *([] if name else [f"    error_page {status} @dokkupy_{status};"]),
        f"    location @dokkupy_{name or status} {{",
        "        internal;",
        *(f"        {line}" for line in log),
        "        default_type text/html;",
        f"        return {status} {text};",
        "    }",
    ]
