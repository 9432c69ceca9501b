"""Why a process that runs did not pass its check: by where it listens, and by what it answered. Pure."""

from __future__ import annotations

from dokkupy_sdk.diagnosis import FACT, Cause, Evidence, Rule, read_rules

from dokkupy_checks.listeners import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYWHERE = ("0.0.0.0", "::")
PATH = "Or check another path: `healthchecks` in app.json."

RULES = (
    Rule(
        r"GET (?P<path>\S+) was answered with (?P<status>30[12378])",
        "The checked path {path} redirects (status {status}), and checks do not follow redirects",
        "Let {path} answer 2xx itself: leave it out of the redirect to https or to a login.",
        PATH,
        sure=FACT,
    ),
    Rule(
        r"GET (?P<path>\S+) was answered with 401",
        "The checked path {path} requires a login (status 401)",
        "Let {path} answer 2xx without one.",
        PATH,
        sure=FACT,
    ),
    Rule(
        r"GET (?P<path>\S+) was answered with 403",
        "The app refuses the check's request for {path} (status 403)",
        "If {path} requires a login, let it answer 2xx without one.",
        "If the app allows known host names only (Rails: config.hosts), allow every name for {path}, or let the check send another: "
        "`httpHeaders` of the health check in app.json.",
        sure=FACT,
    ),
    Rule(
        r"GET (?P<path>\S+) was answered with 404",
        "The app has no page at the checked path {path} (status 404)",
        "Correct `path` of the health check in app.json, or add the page.",
        sure=FACT,
    ),
    Rule(
        r"GET (?P<path>\S+) was answered with (?P<status>400|421)",
        "The app refuses the host name of the check (status {status})",
        "Allow it (Django: ALLOWED_HOSTS), or let the check send another: `httpHeaders` of the health check in app.json.",
        sure=FACT,
    ),
    Rule(
        r"GET (?P<path>\S+) was answered with (?P<status>5\d\d)",
        "The app fails while it answers {path} (status {status})",
        "Its output says why: logs:failed {app}",
    ),
    Rule(
        r"GET (?P<path>\S+) was answered with 2\d\d, but without (?P<content>'.*')",
        "The answer to {path} does not contain {content}",
        "Correct `content` of the health check in app.json, or the page.",
        sure=FACT,
    ),
    Rule(
        r"GET (?P<path>\S+) failed: no answer within (?P<seconds>\S+) s",
        "The app takes connections, and does not answer {path} within {seconds} s",
        "If it waits for a server (a database), see that it is reached: `config:keys {app}`, `services`.",
        "If it is only slow, allow more: checks:set {app} timeout SECONDS",
    ),
)


def check_causes(evidence: Evidence) -> Iterator[Cause]:
    yield from where_it_listens(evidence)
    yield from read_rules(RULES, evidence)


def where_it_listens(evidence: Evidence) -> Iterator[Cause]:
    """Nothing if nobody looked, or if it listens where it has to."""
    if evidence.listens is None or not evidence.port:
        return
    found = [(where, int(port)) for where, _, port in (text.rpartition(":") for text in evidence.listens)]
    reason = explain(found, evidence.port)
    if not reason:
        return
    fix = [f"Make it listen on 0.0.0.0:{evidence.port} (the port is in the variable PORT)"]
    if others := {port for where, port in found if where in EVERYWHERE}:
        fix.append(f"Or lead the proxy to where it listens: ports:set {evidence.app} http:80:{min(others)}")
    yield Cause(reason[0].upper() + reason[1:], tuple(fix), sure=FACT)
