"""The properties of the namespaces `ps`, `apps`, `proxy`, `builder`, `builds` and `releases`."""

from __future__ import annotations

from dokkupy_sdk.defaults import RESTART_POLICY, STOP_TIMEOUT
from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.settings import BUILD, NEXT_DEPLOY, ROUTE, Property, Settings, boolean, integer, matching, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName

RESTART = matching(r"no|always|unless-stopped|on-failure(:[0-9]{1,6})?", "a restart policy")


def path(text: str) -> str:
    return str(RelativePath(text))


PS = Settings(
    "ps",
    Property(
        "restart-policy",
        RESTART_POLICY,
        help="What the engine does when a process ends",
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
        help="What every process type runs in place of its command in the Procfile, for images of buildpacks",
        parse=plain,
        scope="app",
        in_release=True,
    ),
    Property(
        "dockerfile-start-cmd",
        help="What every process type runs in place of its command in the Procfile, for all other images",
        parse=plain,
        scope="app",
        in_release=True,
    ),
    Property(
        "skip-deploy",
        "false",
        help="Whether new code is built and kept as a release that is not started",
        parse=boolean,
        applies=NEXT_DEPLOY,
    ),
    Property(
        "restore",
        "true",
        help="Whether the app is started when the host boots; the next deploy or start sets it back",
        parse=boolean,
        scope="app",
    ),
    Property(
        "rollback-on-crash",
        "false",
        parse=boolean,
        help="Whether a crash of all instances of a new release brings the release before back",
    ),
    Property(
        "procfile-path",
        "Procfile",
        help="Where the Procfile is, relative to the build's root",
        parse=path,
        applies=BUILD,
    ),
)

BUILDER = Settings(
    "builder",
    Property(
        "selected",
        help="The builder to use instead of the detected one",
        parse=matching(r"[a-z][a-z0-9-]*", "a builder's name"),
        applies=BUILD,
        role="builder",
    ),
    Property("build-dir", help="The directory of the repository that is built", parse=path, applies=BUILD),
    Property(
        "skip-cleanup", "false", help="Whether all old releases and their images stay after a deploy", parse=boolean
    ),
)

BUILDS = Settings(
    "builds",
    Property("retention", "20", help="Records of builds that are kept per app", parse=integer(1, 10000)),
    Property(
        "parallel",
        "1",
        help="Builds that run on the host at once; further ones wait",
        parse=integer(1, 64),
        scope="global",
    ),
    Property(
        "memory",
        "75%",
        help="Memory that all builds of the host have together: 75%, 4g or none",
        parse=matching(r"none|[1-9][0-9]?%|100%|[1-9][0-9]{0,5}[mg]", "a part such as 75%, a size such as 4g, or none"),
        scope="global",
    ),
)

RELEASES = Settings(
    "releases",
    Property("retention", "10", help="Releases whose record and image are kept per app", parse=integer(1, 1000)),
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
    Property("proxy-port", help="The port of an app without domains", parse=integer(1, 65535)),
    Property("proxy-ssl-port", help="The TLS port of an app without domains", parse=integer(1, 65535)),
    Property(
        "deployer-ports",
        help="Ports of the host besides 80 and 443 that deployers may set, such as 8000-8099,9443",
        parse=matching(r"[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?(,[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?)*", "a list of ports"),
        scope="global",
    ),
    Property("disabled", "false", help="Whether the proxy leaves the app out", parse=boolean, scope="app"),
    applies=ROUTE,
)


def starts_at_boot(host: Host, app: AppName) -> bool:
    """Whether the app is started when nothing of it runs: not after `ps:stop`, nor after `ps:set APP restore false`."""
    from dokkupy_sdk.state import FormationFile

    return host.store.load(FormationFile, app).restore and PS.get(host.store, app, "restore") == "true"
