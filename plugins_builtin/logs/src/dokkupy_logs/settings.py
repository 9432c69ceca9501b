"""The properties of the namespace `logs`."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, matching, networks
from dokkupy_sdk.times import LENGTH

SINK = matching(r"[a-z][a-z0-9_]*://[\x21-\x7e]*", "a sink: write TYPE://?option=value&option=value")
SIZE = matching(r"[1-9][0-9]{0,9}(?:[kmg]|[kKmMgG][bB])|unlimited", "a size such as 10m or 10MB, or unlimited")
AGE = matching(rf"{LENGTH}|unlimited", "a length of time such as 12h, 30d or 8w, or unlimited")
LABEL = matching(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,253}[A-Za-z0-9])?", "the name of a label")

UNSHIPPED = "dokkupy sends the lines itself, without Vector"

SETTINGS = Settings(
    "logs",
    Property(
        "max-size",
        "10m",
        help="Size at which a container's log is cut off, and of the kept lines of containers that are gone, compressed",
        parse=SIZE,
        in_release=True,
    ),
    Property("max-age", "30d", help="How long the lines of containers that are gone are kept", parse=AGE),
    Property(
        "app-label-alias",
        "com.dokku.app-name",
        help="The label by which log shippers know the app",
        parse=LABEL,
        inert=UNSHIPPED,
    ),
    Property("vector-sink", help="Where the logs are sent", parse=SINK, secret=True),
    Property("vector-cron-sink", help="Where the logs of cron tasks are sent", parse=SINK, secret=True),
    Property(
        "allowed-networks",
        help="Private networks, such as 10.1.0.0/16, that apps' own sinks may reach; the host's sink always may",
        parse=networks,
        scope="global",
    ),
    Property(
        "sending",
        "true",
        help="Whether lines are sent to the sinks",
        scope="global",
        set_by="logs:vector-start and logs:vector-stop",
    ),
    Property("vector-image", scope="global", help="The image of Vector", inert=UNSHIPPED),
    Property(
        "vector-networks", scope="global", help="Networks that Vector's container is attached to", inert=UNSHIPPED
    ),
)
