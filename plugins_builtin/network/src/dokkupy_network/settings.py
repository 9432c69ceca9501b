"""The properties of the namespace `network`."""

from __future__ import annotations

from dokkupy_sdk.settings import RESTART, Property, Settings, boolean, matching

from dokkupy_network.names import parse_list, parse_one

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
TLD = matching(rf"{LABEL}(?:\.{LABEL}){{0,8}}", "a domain such as internal or svc.cluster.local")
LISTENER = matching(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}:[1-9][0-9]{0,4}", "an address and a port such as 127.0.0.1:5000")
NETWORKS = "dokkupy_network.completers:networks"

SETTINGS = Settings(
    "network",
    Property(
        "initial-network",
        help="Network that instances and one-off processes join before they start",
        parse=parse_one,
        applies=RESTART,
        complete=NETWORKS,
    ),
    Property(
        "attach-post-create",
        help="Networks that instances and one-off processes join before they start",
        parse=parse_list,
        applies=RESTART,
        complete=NETWORKS,
    ),
    Property(
        "attach-post-deploy",
        help="Networks that instances join after they passed their checks",
        parse=parse_list,
        applies=RESTART,
        complete=NETWORKS,
    ),
    Property(
        "tld",
        help="Top-level domain of the additional name APP.TYPE.TLD of instances in these networks",
        parse=TLD,
        applies=RESTART,
    ),
    Property(
        "bind-all-interfaces",
        "false",
        help="Whether instances can be reached without the proxy",
        parse=boolean,
        inert="instances can be reached only through the proxy; `ports:add` gives an app more ports",
    ),
    Property(
        "static-web-listener",
        scope="app",
        help="Address to which the proxy sends requests instead of the instances",
        parse=LISTENER,
        inert="the proxy sends requests only to the app's own instances",
    ),
)
