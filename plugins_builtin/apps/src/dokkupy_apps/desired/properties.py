"""The properties of the namespaces `ps`, `apps`, `proxy`, `builder`, `builds` and `releases`."""

from __future__ import annotations

from dokkupy_sdk.defaults import RESTART_POLICY, STOP_TIMEOUT
from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.settings import (
    BUILD,
    NEXT_DEPLOY,
    ROUTE,
    Applies,
    Property,
    Settings,
    boolean,
    integer,
    matching,
    one_of,
    plain,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName

POLICIES = ("always", "no", "on-failure:10", "unless-stopped")
RESTART = matching(r"no|always|unless-stopped|on-failure(:[0-9]{1,6})?", "a restart policy", *POLICIES)


FIRST, LOCK = "first", "lock"


def path(text: str) -> str:
    return str(RelativePath(text))


PS = Settings(
    "ps",
    Property(
        "restart-policy",
        RESTART_POLICY,
        help="What the engine does when a process exits",
        parse=RESTART,
        in_release=True,
    ),
    Property(
        "stop-timeout-seconds",
        STOP_TIMEOUT,
        help="Seconds between the stop signal and the kill",
        parse=integer(0, 86400),
        in_release=True,
    ),
    Property(
        "start-cmd",
        help="Command that every process type runs instead of the Procfile's, for images built with buildpacks",
        parse=plain,
        scope="app",
        in_release=True,
    ),
    Property(
        "dockerfile-start-cmd",
        help="Command that every process type runs instead of the Procfile's, for all other images",
        parse=plain,
        scope="app",
        in_release=True,
    ),
    Property(
        "skip-deploy",
        "false",
        help="Whether a deploy builds a release but does not start it",
        parse=boolean,
        applies=NEXT_DEPLOY,
    ),
    Property(
        "restore",
        "true",
        help="Whether the app is started when the host boots; the next deploy or `ps:start` sets it to true",
        parse=boolean,
        scope="app",
    ),
    Property(
        "rollback-on-crash",
        "false",
        parse=boolean,
        help="Whether the app rolls back if all instances of a new release crash",
    ),
    Property(
        "app-json-scale",
        FIRST,
        help="What the quantities in app.json are: a first value that `ps:scale` changes, or a lock on the scale, as in Dokku",
        parse=one_of(FIRST, LOCK),
        applies=Applies("the next deploy", "ps:start {app}"),
    ),
    Property(
        "procfile-path",
        "Procfile",
        help="Path of the Procfile, relative to the build directory",
        parse=path,
        applies=BUILD,
    ),
)

BUILDER = Settings(
    "builder",
    Property(
        "selected",
        help="Builder to use instead of the detected one",
        parse=matching(r"[a-z][a-z0-9-]*", "a builder's name"),
        applies=BUILD,
        role="builder",
    ),
    Property("build-dir", help="Directory of the repository to build; unset: its root", parse=path, applies=BUILD),
    Property("skip-cleanup", "false", help="Whether a deploy keeps all old releases and their images", parse=boolean),
)

BUILDS = Settings(
    "builds",
    Property("retention", "20", help="Number of build records to keep per app", parse=integer(1, 10000)),
    Property(
        "parallel",
        "1",
        help="Number of builds that may run on the host at once; further ones wait",
        parse=integer(1, 64),
        scope="global",
    ),
    Property(
        "memory",
        "75%",
        help="Memory that all builds on the host may use together: 75%, 4g or none",
        parse=matching(r"none|[1-9][0-9]?%|100%|[1-9][0-9]{0,5}[mg]", "a part such as 75%, a size such as 4g, or none"),
        scope="global",
    ),
)

RELEASES = Settings(
    "releases",
    Property("retention", "10", help="Number of releases to keep per app, with their images", parse=integer(1, 1000)),
)

APPS = Settings(
    "apps",
    Property(
        "disable-autocreation",
        "false",
        help="Whether a push to an unknown app is refused",
        parse=boolean,
        scope="global",
    ),
    Property(
        "max-processes",
        "100",
        help="Number of processes that an app may have; ps:scale and a deploy refuse more",
        parse=integer(1, 10_000),
    ),
    Property(
        "max-runs",
        "50",
        help="Number of one-off processes of an app that keys may run at the same time",
        parse=integer(1, 10_000),
    ),
)

PROXY = Settings(
    "proxy",
    Property(
        "type",
        "nginx",
        help="The proxy that serves the app",
        parse=matching(r"[a-z][a-z0-9-]*", "a proxy's name"),
        role="proxy",
    ),
    Property("proxy-port", help="HTTP port of an app without domains", parse=integer(1, 65535)),
    Property("proxy-ssl-port", help="HTTPS port of an app without domains", parse=integer(1, 65535)),
    Property(
        "deployer-ports",
        help="Ports of the host besides 80 and 443 that deployers may use, such as 8000-8099,9443",
        parse=matching(r"[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?(,[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?)*", "a list of ports"),
        scope="global",
    ),
    Property("disabled", "false", help="Whether the proxy ignores the app", parse=boolean, scope="app"),
    applies=ROUTE,
)


def starts_at_boot(host: Host, app: AppName) -> bool:
    """Whether the app is started at boot. It is not after `ps:stop` or `ps:set APP restore false`."""
    from dokkupy_sdk.state import FormationFile

    return host.store.load(FormationFile, app).restore and PS.get(host.store, app, "restore") == "true"
