"""The properties of the namespace `logs`."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, matching, networks
from dokkupy_sdk.times import LENGTH

SINK = matching(r"[a-z][a-z0-9_]*://[\x21-\x7e]*", "a sink: write TYPE://?option=value&option=value")
SIZE = matching(r"[1-9][0-9]{0,9}(?:[kmg]|[kKmMgG][bB])|unlimited", "a size such as 10m or 10MB, or unlimited")
AGE = matching(rf"{LENGTH}|unlimited", "a length of time such as 12h, 30d or 8w, or unlimited")
OURS = r"(?!dokkupy\.|com\.docker\.)"
"""Labels that say what a container is to dokkupy and to the engine's tools."""
LABEL = matching(rf"{OURS}[A-Za-z0-9](?:[A-Za-z0-9._/-]{{0,253}}[A-Za-z0-9])?", "the name of a label of your own")

UNSHIPPED = "dokkupy sends the lines itself, without Vector"

SETTINGS = Settings(
    "logs",
    Property(
        "max-size",
        "10m",
        help="Maximum size of a container's log, and of the compressed lines kept of removed containers",
        parse=SIZE,
        in_release=True,
    ),
    Property("max-age", "30d", help="How long to keep the lines of removed containers", parse=AGE),
    Property(
        "app-label-alias",
        "com.dokku.app-name",
        help="Label of the app's containers by which log shippers recognize the app",
        parse=LABEL,
        in_release=True,
    ),
    Property("vector-sink", help="URL of the sink that logs are sent to", parse=SINK, secret=True),
    Property("vector-cron-sink", help="URL of the sink that logs of cron tasks are sent to", parse=SINK, secret=True),
    Property(
        "allowed-networks",
        help="Private networks, such as 10.1.0.0/16, in which the sinks of apps may be; the global sink may be in any",
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
    Property("vector-networks", scope="global", help="Networks that the container of Vector joins", inert=UNSHIPPED),
)
