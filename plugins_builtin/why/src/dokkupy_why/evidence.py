"""What the state and the engine say of an app's failures: the evidence, from which causes are read."""

from __future__ import annotations

from dokkupy_sdk.diagnosis import Evidence
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dokkupy_sdk import Host
    from dokkupy_sdk.model import Instance, InstanceStatus, Release
    from dokkupy_sdk.names import AppName

LAST_LINES = 80
LOG_LINES, LOG_BYTES = 200, 65536
PREFIX = len(" !     ")
ENDED = {"exited": "it has ended", "dead": "it has ended", "missing": "its container is gone"}
"""The state of an instance -> what to say of it."""


def gathered(host: Host, app: AppName) -> list[Evidence]:
    """All that is known now: the last deploy if it failed and nothing was deployed since, and processes that crashed or do not
    run. At the end, what keeps requests from an app that is deployed, or a stopped one from starting."""
    from dokkupy_apps.desired.status import should_run
    from dokkupy_apps.releases.records import current
    from dokkupy_sdk.port_map import listening

    release, instances = current(host, app)
    found = failed_deploy(host, app)
    if release is not None and should_run(host, app):
        rows = host.instances(app).status(instances)
        found += [evidence for row in rows for evidence in of_instance(host, release, row)]
        if any(row.state == "missing" for row in rows):
            found.append(Evidence(app, "stopped"))  # what it has lost keeps it from starting again
        found.append(with_facts(host, app, Evidence(app, "serve", port=listening(release).port)))
    elif release is not None:
        found.append(Evidence(app, "stopped"))
    return found


def is_failure(evidence: Evidence, *, lost: bool) -> bool:
    """Whether it is worth showing without a cause. lost: something that the app needs to start is known to be missing, which is
    why its containers are."""
    if evidence.step in ("serve", "stopped"):
        return False
    return not (lost and evidence.reason.endswith(ENDED["missing"]))


def failed_deploy(host: Host, app: AppName) -> list[Evidence]:
    """The last deploy, if it failed and no other has succeeded since: one for each process type that failed."""
    from dokkupy_apps.rollout.failures import serving_id
    from dokkupy_sdk.state import FailedFile

    record = host.store.find(FailedFile, app)
    if record is None or record.serving != serving_id(host, app):
        return []
    lines = build_lines(host, app) if record.step in ("build", "release") else ()
    lines += tuple(line for line in record.lines if line not in lines)
    facts = Evidence(app, record.step, reason=record.reason, code=record.code, lines=lines, at=record.at)
    base = with_facts(host, app, facts)
    types = {row.dyno.partition(".")[0]: row for row in reversed(record.instances)}
    found = [
        replace(
            base,
            process=row.dyno,
            exit_code=row.exit_code,
            oom=row.oom,
            lines=row.lines,
            listens=row.listens,
            port=row.port,
            memory=memory_of(host, app, row.dyno),
        )
        for row in reversed(types.values())
    ]
    return found or [base]


def build_lines(host: Host, app: AppName) -> tuple[str, ...]:
    """What the last build printed at its end, without the prefixes of the push."""
    from dokkupy_apps.builds.records import builds_of

    build = next(iter(builds_of(host, app)), None)
    if build is None or build["status"] != "failed":
        return ()
    try:
        with open(host.path("builds", app, f"{build['id']}.log"), encoding="utf-8", errors="replace") as file:
            lines = file.read()[-LOG_BYTES:].splitlines()[-LOG_LINES:]
    except OSError:
        return ()
    return tuple(line[PREFIX:] for line in lines if not line.startswith(("=", "-")))


def memory_of(host: Host, app: AppName, dyno: str) -> str:
    """The memory limit of an instance that starts now; empty for none, or where a plugin cannot say."""
    from dokkupy_sdk import hooks
    from dokkupy_sdk.ending import memory_limit

    process = dyno.partition(".")[0]
    try:
        facts = host.hooks.gather(hooks.container_options, host=host, app=app, phase="deploy", process=process)
    except DokkupyError:
        return ""
    return memory_limit([word for _, word in facts])


def of_instance(host: Host, release: Release, row: InstanceStatus) -> Iterator[Evidence]:
    """Evidence of an instance that does not run, or was started again after it had ended."""
    from dokkupy_sdk.ending import memory_limit

    if row.state == "running" and not row.restarts:
        return
    one, app = row.instance, release.app
    reason = (
        f"{one.dyno} runs again"
        if row.state == "running"
        else f"{one.dyno} does not run: {ENDED.get(row.state, f'its state is {row.state}')}"
    )
    evidence = Evidence(
        app,
        "run",
        reason=reason,
        process=one.dyno,
        exit_code=row.exit_code,
        oom=row.oom_killed,
        memory=memory_limit(release.deploy_options(one.process)),
        restarts=row.restarts,
        port=one.port,
    )
    crash = last_crash(host, app, one.dyno)
    lines = printed(host, one) or tuple(str(crash.get("lines", "")).splitlines())
    code = str(crash.get("exit_code", ""))
    if evidence.exit_code is None and code.isdigit():
        evidence = replace(evidence, exit_code=int(code), oom=crash.get("oom") == "true")
    yield with_facts(host, app, replace(evidence, lines=lines, at=str(crash.get("time", ""))))


def printed(host: Host, instance: Instance) -> tuple[str, ...]:
    try:
        return tuple(
            line.decode(errors="replace") for _, line in host.instances(instance.app).logs(instance, tail=LAST_LINES)
        )
    except DokkupyError:
        return ()


def last_crash(host: Host, app: AppName, dyno: str) -> dict[str, Any]:
    """The last event of a crash of this instance, among the recent ones."""
    from dokkupy_sdk.events import of_app, recent

    rows = [row for row in of_app(recent(host), app) if row.get("event") == "process_crashed"]
    return next((row for row in reversed(rows) if row.get("process") == dyno), {})


def with_facts(host: Host, app: AppName, evidence: Evidence) -> Evidence:
    """The evidence with the names of the app's variables and of its linked services."""
    from dokkupy_apps.desired.config import get_env, merged_env
    from dokkupy_sdk import hooks

    keys = frozenset(map(str, merged_env(host, app)))
    shared = keys.difference(map(str, get_env(host, app)))
    try:
        links = tuple(name for _, (_, name) in host.hooks.gather(hooks.linked_containers, host=host, app=app))
    except DokkupyError:
        links = ()
    return replace(evidence, keys=keys, shared=shared, links=links)
