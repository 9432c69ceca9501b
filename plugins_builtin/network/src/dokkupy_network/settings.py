"""The properties of the namespace `network`."""

from __future__ import annotations

from dokkupy_sdk.settings import RESTART, Property, Settings, boolean, matching

from dokkupy_network.names import parse_list, parse_one

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
TLD = matching(rf"{LABEL}(?:\.{LABEL}){{0,8}}", "a domain such as internal or svc.cluster.local")
LISTENER = matching(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}:[1-9][0-9]{0,4}", "an address and a port such as 127.0.0.1:5000")

SETTINGS = Settings(
    "network",
    Property(
        "initial-network",
        help="A network that instances and one-off processes join before they start",
        parse=parse_one,
        applies=RESTART,
    ),
    Property(
        "attach-post-create",
        help="Networks that instances and one-off processes join before they start",
        parse=parse_list,
        applies=RESTART,
    ),
    Property(
        "attach-post-deploy",
        help="Networks that instances join when they serve: they passed their checks without them",
        parse=parse_list,
        applies=RESTART,
    ),
    Property("tld", help="Instances answer in these networks to APP.TYPE.TLD also", parse=TLD, applies=RESTART),
    Property(
        "bind-all-interfaces",
        "false",
        help="Whether instances can be reached past the proxy",
        parse=boolean,
        inert="instances are reached through the proxy alone; `ports:add` gives an app further ports",
    ),
    Property(
        "static-web-listener",
        scope="app",
        help="An address that the proxy asks in place of instances",
        parse=LISTENER,
        inert="the proxy asks the app's own instances alone",
    ),
)
