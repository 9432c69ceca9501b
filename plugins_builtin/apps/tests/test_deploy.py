"""A deploy happens whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy.errors import AppError, Conflict, DokkupyError, HostError, UserError
from dokkupy.host import Host
from dokkupy.kernel import failpoints
from dokkupy.kernel.operation import operation
from dokkupy.model.checks import CheckFailed
from dokkupy.model.names import AppName, EnvKey, ProcessType
from dokkupy.model.ports import Port
from dokkupy.model.proxy import Route
from dokkupy.model.release import InstanceStatus, Release
from dokkupy.model.secret import Secret
from dokkupy_apps.apps import create_app, destroy_app, set_locked
from dokkupy_apps.builds.image import merge_plugin_env
from dokkupy_apps.builds.records import builds_of
from dokkupy_apps.desired import status
from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.processes.redeploy import redeploy
from dokkupy_apps.processes.rollback import rollback
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.processes.start_stop import start_app, stop_app
from dokkupy_apps.releases import from_state
from dokkupy_apps.releases.private_names import private_part
from dokkupy_apps.releases.records import current, read_release, releases
from dokkupy_apps.rollout.failures import explain
from dokkupy_apps.rollout.retire import retire_due
from dokkupy_apps.routing import after_switch as look
from dokkupy_apps.routing.reroute import reroute
from dokkupy_apps.routing.routes import urls
from dokkupy_apps.testing import deploy
from dokkupy_sdk.state import FailedFile
from dokkupy_sdk.builder import builder_of
from dokkupy_sdk.testing import FakeBuilder, FakeEngine, FakeProxy, FakeScheduler, RecordingConsole

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\nworker: work\nrelease: migrate\n"}


def engine(host: Host) -> FakeEngine:
    made = host.engine()
    assert isinstance(made, FakeEngine)
    return made


def proxy(host: Host) -> FakeProxy:
    made = host.proxy()
    assert isinstance(made, FakeProxy)
    return made


def scheduler(host: Host) -> FakeScheduler:
    made = host.scheduler()
    assert isinstance(made, FakeScheduler)
    return made


def builder(host: Host) -> FakeBuilder:
    made = builder_of(host, "fake")
    assert isinstance(made, FakeBuilder)
    return made


def picture(host: Host) -> dict[str, object]:
    """Everything that an outsider can see of the app."""
    release, instances = current(host, BLOG)
    route = proxy(host).routes.get("blog")
    return {
        "release": release,
        "instances": instances,
        "containers": {one.id: one.state for one in engine(host).made.values()},
        "tags": dict(engine(host).tags),
        "upstreams": dict(route.upstreams) if route else None,
        "domains": route.domains if route else None,
        "env": {key: value.reveal() for key, value in get_env(host, BLOG).items()},
        "scale": host.store.read("apps", BLOG, "ps").get("scale"),
        "releases": [one.number for one in releases(host, BLOG)] if host.store.has_app(BLOG) else None,
    }


def test_a_deploy_serves_its_web_process_and_runs_its_release_task(host: Host) -> None:
    deploy(host, "blog", TREE)
    names = {one.name: one for one in engine(host).made.values()}
    assert set(names) == {"blog.web.1"}
    route = proxy(host).routes["blog"]
    assert [str(name) for name in route.domains] == ["blog.example.com"]
    assert [one.port for one in route.upstreams[5000]] == [5000]
    private = private_part(host.store, BLOG).reveal()
    assert len(private) == 32
    assert set(engine(host).tags) == {f"dokku/blog:r1-{private}", f"dokku/blog:latest-{private}"}
    assert private not in host.out.text()  # type: ignore[attr-defined]
    text = host.out.text()  # type: ignore[attr-defined]
    assert "Releasing v1    release:" in text and "Starting web.1" in text
    assert "blog v1 is live: http://blog.example.com" in text.splitlines()[-1] and "lost" not in text
    assert builds_of(host, BLOG)[0]["status"] == "succeeded"


def test_the_old_instances_retire_after_the_switch(host: Host) -> None:
    first = deploy(host, "blog", TREE)
    deploy(host, "blog", TREE)
    assert any(".retired-" in name for name in engine(host).made)
    retire_due(host)
    assert set(engine(host).made) == {"blog.web.1"}
    assert engine(host).containers.find(first.instances[0].id) is None


def fail_build(host: Host) -> None:
    builder(host).fails = AppError("the build is broken")


def fail_task(host: Host) -> None:
    engine(host).exit_codes["migrate"] = 3


def fail_start(host: Host) -> None:
    scheduler(host).dead.add("web")


def fail_proxy(host: Host) -> None:
    proxy(host).refuses.add("blog")


@pytest.mark.parametrize("breaks", [fail_build, fail_task, fail_start])
def test_a_failed_deploy_leaves_everything_as_it_was(host: Host, breaks: Callable[[Host], None]) -> None:
    deploy(host, "blog", TREE)
    before = picture(host)
    breaks(host)
    with pytest.raises(AppError) as caught:
        deploy(host, "blog", TREE)
    assert picture(host) == before
    build = builds_of(host, BLOG)[0]
    assert build["status"] == "failed"
    assert caught.value.message in Path(host.path("builds", BLOG, f"{build['id']}.log")).read_text()


@pytest.mark.parametrize(
    ("breaks", "step"), [(fail_build, "build"), (fail_task, "release"), (fail_start, "start"), (fail_proxy, "start")]
)
def test_each_failed_deploy_is_kept_with_its_step_and_with_what_served_then(
    host: Host, breaks: Callable[[Host], None], step: str
) -> None:
    serving = deploy(host, "blog", TREE)
    breaks(host)
    with pytest.raises(DokkupyError) as caught:
        deploy(host, "blog", TREE)
    record = host.store.load(FailedFile, BLOG)
    assert (record.step, record.reason, record.serving) == (step, caught.value.message, serving.id)
    assert caught.value.hint.count("The old instances keep serving.") == 1
    assert caught.value.hint.count("builds:output blog") == (1 if breaks is not fail_proxy else 0)


def test_a_failed_first_deploy_claims_no_old_instances(host: Host) -> None:
    fail_build(host)
    with pytest.raises(AppError) as caught:
        deploy(host, "blog", TREE)
    assert caught.value.hint == "See also: builds:output blog"
    assert host.store.load(FailedFile, BLOG).serving == ""


def test_a_dead_instance_is_explained_by_its_last_lines(host: Host) -> None:
    create_app(host, BLOG)
    scheduler(host).dead.add("web")
    engine(host).output["serve"] = [b"cannot bind"]
    with pytest.raises(CheckFailed) as caught:
        deploy(host, "blog", TREE)
    assert any("cannot bind" in line for line in caught.value.details)
    assert host.store.read("apps", BLOG, "failed")["instances"][0]["dyno"] == "web.1"
    assert engine(host).made == {}


@pytest.mark.parametrize("stopped", [True, False])
def test_a_failed_start_claims_that_old_instances_serve_only_where_they_run(host: Host, stopped: bool) -> None:
    deploy(host, "blog", TREE)
    if stopped:
        stop_app(host, BLOG)
    scheduler(host).dead.add("web")
    with pytest.raises(CheckFailed) as caught:
        deploy(host, "blog", TREE)
    assert ("The old instances keep serving." in caught.value.hint) is not stopped


def test_the_error_has_the_states_of_failed_instances_and_the_next_step(host: Host) -> None:
    deploy(host, "blog", TREE)
    scale(host, BLOG, {ProcessType("worker"): 1})
    release, (web, worker) = current(host, BLOG)
    assert release is not None
    states = (InstanceStatus(web, "running"), InstanceStatus(worker, "restarting", 137, oom_killed=True, restarts=1))
    for one in (web, worker):
        engine(host).containers.stop(one.id, timeout=1)  # what happened to them afterwards is of no interest
    for serving in (True, False):
        fault = CheckFailed("no answer", instances=(web, worker), states=states)
        explain(host, release, fault, serving=serving)
        assert "blog[web.1] was running, its last lines:" in fault.details
        assert "blog[worker.1] ran out of memory, and was started again, its last lines:" in fault.details
        assert ("The old instances keep serving." in fault.hint) is serving
        assert "resource:limit blog --memory" in fault.hint
        assert fault.hint.endswith("See also: logs:failed blog, builds:output blog")
    first, second = host.store.read("apps", BLOG, "failed")["instances"]
    assert (first["ended"], "exit_code" in first) == ("was running", False)
    assert (second["ended"], second["exit_code"]) == ("ran out of memory", 137)


def test_scaling_keeps_the_running_instances(host: Host) -> None:
    first = deploy(host, "blog", TREE).instances[0]
    scale(host, BLOG, {ProcessType("web"): 3, ProcessType("worker"): 1})
    assert set(engine(host).made) == {"blog.web.1", "blog.web.2", "blog.web.3", "blog.worker.1"}
    assert engine(host).made["blog.web.1"].id == first.id
    assert len(proxy(host).routes["blog"].upstreams[5000]) == 3
    scale(host, BLOG, {ProcessType("web"): 1})
    retire_due(host)
    assert set(engine(host).made) == {"blog.web.1", "blog.worker.1"}


def test_a_process_that_the_procfile_lacks_cannot_be_scaled(host: Host) -> None:
    deploy(host, "blog", TREE)
    for name in ("clock", "release"):
        with pytest.raises(DokkupyError, match="is not a valid process name"):
            scale(host, BLOG, {ProcessType(name): 1})


def test_a_rollback_brings_code_and_configuration_back(host: Host) -> None:
    create_app(host, BLOG)
    config(host, "one")
    first = deploy(host, "blog", TREE).release
    config(host, "two")
    deploy(host, "blog", {"Procfile": "web: serve2"})
    rolled = rollback(host, BLOG).release
    assert (rolled.number, rolled.image, rolled.processes) == (3, first.image, first.processes)
    assert get_env(host, BLOG)[EnvKey("COLOR")].reveal() == "one"
    assert len(builder(host).builds) == 2


def config(host: Host, value: str) -> None:
    with operation(host, "config:set", "app:blog") as tx:
        set_env(tx, BLOG, {EnvKey("COLOR"): Secret(value)})


def test_changed_configuration_becomes_a_release_and_a_bare_restart_does_not(host: Host) -> None:
    deploy(host, "blog", TREE)
    assert redeploy(host, BLOG, kind="restart").release.number == 1
    config(host, "blue")
    assert redeploy(host, BLOG, kind="config").release.number == 2


def test_a_stopped_app_stays_stopped_and_starts_again(host: Host) -> None:
    deploy(host, "blog", TREE)
    stop_app(host, BLOG)
    assert engine(host).made["blog.web.1"].state == "exited"
    assert not any(proxy(host).routes["blog"].upstreams.values())
    reconcile(host, BLOG)
    assert engine(host).made["blog.web.1"].state == "exited"
    start_app(host, BLOG)
    assert engine(host).made["blog.web.1"].state == "running"
    assert any(proxy(host).routes["blog"].upstreams.values())


def dies_at_the_switch(host: Host, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """An instance that ran when it was started again, and ends with status 7 while the app is brought back."""
    apply = proxy(host).apply

    def also(routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        apply(routes, remove=remove)
        engine(host).put(name, "exited", 7)

    monkeypatch.setattr(proxy(host), "apply", also)


def test_a_start_fails_when_an_instance_ends_and_the_app_stays_stopped(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)
    scale(host, BLOG, {ProcessType("worker"): 1})
    stop_app(host, BLOG)
    before = picture(host)
    with monkeypatch.context() as patch:
        dies_at_the_switch(host, patch, "blog.worker.1")
        with pytest.raises(CheckFailed, match=r"worker\.1 of blog exited") as failure:
            start_app(host, BLOG)
    assert any("ended with exit code 7" in line for line in failure.value.details)
    assert picture(host) == before
    assert not status.should_run(host, BLOG)
    assert host.store.read("apps", BLOG, "failed")["instances"][0]["exit_code"] == 7


def test_a_start_fails_when_clients_reach_nobody(host: Host) -> None:
    deploy(host, "blog", TREE)
    stop_app(host, BLOG)
    before = picture(host)
    proxy(host).silent.add("blog.example.com")
    with pytest.raises(CheckFailed, match="does not reach it"):
        start_app(host, BLOG)
    assert picture(host) == before


def test_restore_checks_the_instances_it_starts_and_leaves_failed_ones_to_the_timer(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)
    engine(host).put("blog.web.1", "exited", 137)
    with monkeypatch.context() as patch:
        dies_at_the_switch(host, patch, "blog.web.1")
        proxy(host).silent.add("blog.example.com")
        with pytest.raises(CheckFailed):
            reconcile(host, BLOG, watched=True)
        assert status.should_run(host, BLOG)
        assert reconcile(host, BLOG) == ["blog: started web.1"], "at boot the timer looks at it instead"


def test_reconciling_starts_what_should_run_and_removes_what_should_not(host: Host) -> None:
    deploy(host, "blog", TREE)
    engine(host).put("blog.web.1", "exited", 137)
    assert reconcile(host, BLOG) == ["blog: started web.1"]
    assert engine(host).made["blog.web.1"].state == "running"
    assert reconcile(host, BLOG) == []


def test_a_locked_app_refuses_deploys(host: Host) -> None:
    create_app(host, BLOG)
    set_locked(host, BLOG, True)
    with pytest.raises(Conflict, match="deploy lock"):
        deploy(host, "blog", TREE)


def test_a_destroyed_app_leaves_nothing(host: Host) -> None:
    deploy(host, "blog", TREE)
    destroy_app(host, BLOG)
    assert (engine(host).made, engine(host).tags, proxy(host).routes) == ({}, {}, {})
    assert not host.store.has_app(BLOG)
    assert [name for name in os.listdir(host.path("locks")) if "blog" in name] == []


CHANGES: dict[str, Callable[[Host], object]] = {
    "deploy": lambda host: deploy(host, "blog", TREE),
    "scale": lambda host: scale(host, BLOG, {ProcessType("web"): 3}),
    "restart": lambda host: redeploy(host, BLOG, kind="restart"),
    "rollback": lambda host: rollback(host, BLOG),
    "stop": lambda host: stop_app(host, BLOG),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_failure_at_any_boundary_leaves_before_or_after(
    host: Host, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The matrix is the operation's own list of boundaries: each is made to fail, in turn."""
    deploy(host, "blog", TREE)
    config(host, "blue")
    deploy(host, "blog", TREE)
    retire_due(host)
    failures = 0
    for number in range(1, 100):
        before = picture(host)
        monkeypatch.setattr(failpoints, "_passed", 0)
        monkeypatch.setenv("DOKKUPY_FAILPOINT", f"fail@{number}")
        try:
            CHANGES[change](host)
        except DokkupyError:
            failures += 1
        else:  # nothing failed, or only what follows the commit: then it is done
            assert picture(host)["release"] != before["release"] or change in ("scale", "restart", "stop")
        finally:
            monkeypatch.delenv("DOKKUPY_FAILPOINT")
        if failpoints._passed < number:
            break
        reconcile(host, BLOG)
        after = picture(host)
        if after["release"] == before["release"] and after["instances"] == before["instances"]:
            if change != "stop":
                assert after == before, f"boundary {number}"
        _, instances = current(host, BLOG)
        running = {one.id for one in engine(host).made.values() if one.state == "running"}
        if status.should_run(host, BLOG):
            assert {one.id for one in instances} == running, f"boundary {number}"
            served = {up.address for ups in proxy(host).routes["blog"].upstreams.values() for up in ups}
            assert served == {one.address for one in instances if one.process == "web"}, f"boundary {number}"
        else:
            start_app(host, BLOG)
    assert failures > 5
    assert number < 99


def test_an_app_is_destroyed_with_a_warning_while_the_proxy_is_down(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", {"Procfile": "web: serve"})
    proxy = host.proxy()
    apply = proxy.apply

    def down(routes: Sequence[object], *, remove: Sequence[AppName] = ()) -> None:
        apply(routes, remove=remove)  # type: ignore[arg-type]
        raise HostError("nginx is not running", code="proxy_down")

    monkeypatch.setattr(proxy, "apply", down)
    destroy_app(host, BLOG)
    assert not host.store.has_app(BLOG)
    assert isinstance(host.out, RecordingConsole)
    assert any("nginx is not running" in str(line) for line in host.out.lines)


def test_a_plugin_s_variables_are_validated_like_the_app_s_own() -> None:
    assert merge_plugin_env([("x", ("A", Secret("1"))), ("y", ("A", Secret("2")))])["A"].reveal() == "2"
    with pytest.raises(UserError, match="A contains a NUL"):
        merge_plugin_env([("x", ("A", Secret("1\x002")))])
    with pytest.raises(UserError):
        merge_plugin_env([("x", ("A B", Secret("1")))])


def test_options_are_asked_for_each_process_type(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def options(host: Host, app: AppName, phase: str, process: str) -> tuple[str, ...]:
        asked.append((phase, process))
        return (f"--label={phase}={process}",)

    monkeypatch.setattr(from_state, "options", options)
    release = deploy(host, "blog", TREE).release
    assert {("run", "run"), ("deploy", "web"), ("deploy", "worker")} <= set(asked)
    assert release.deploy_options("worker") == ("--label=deploy=worker",)
    older = replace(release, options={"deploy": ("--init",)})
    assert older.deploy_options("web") == ("--init",)


# a deploy that would take away what serves


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"Procfile": "Web: serve\nworker: work\n"}, "write `web:` for `Web:`"),
        ({"Procfile": "worker: work\n"}, "has no process type web (it has: worker); add a line `web: COMMAND`"),
    ],
)
def test_a_deploy_that_would_remove_the_web_process_is_refused_unless_requested(
    host: Host, tree: dict[str, str], words: str
) -> None:
    deploy(host, "blog", TREE)
    before, builds = picture(host), len(builder(host).builds)
    with pytest.raises(AppError, match="blog would no longer serve") as refusal:
        deploy(host, "blog", tree)
    assert words in refusal.value.message
    assert "`ps:scale blog web=0`" in refusal.value.hint
    assert picture(host) == before
    assert len(builder(host).builds) == builds, "what the source says is known before it is built"
    scale(host, BLOG, {ProcessType("web"): 0})
    deploy(host, "blog", tree)


def test_a_rollback_that_would_remove_the_web_process_is_refused(host: Host) -> None:
    deploy(host, "blog", {"Procfile": "worker: work\n"})
    deploy(host, "blog", TREE)
    with pytest.raises(AppError, match="blog would no longer serve"):
        rollback(host, BLOG)
    assert "web" in {one.process for one in current(host, BLOG)[1]}
    stop_app(host, BLOG)  # then nothing serves that could be taken away
    rollback(host, BLOG)


def test_a_first_deploy_that_runs_nothing_says_so(host: Host) -> None:
    deploy(host, "blog", {"Procfile": "Web: serve\n"})
    said = host.out.text()  # type: ignore[attr-defined]
    assert "No process of blog runs. Start one: `ps:scale blog Web=1`" in said
    assert "write `web:` for `Web:`" in said
    assert "http://" not in said


def test_an_app_of_workers_is_warned_about_web_at_its_first_deploy_alone(host: Host) -> None:
    create_app(host, BLOG)
    scale(host, BLOG, {ProcessType("web"): 0, ProcessType("worker"): 1})
    tree = {"Procfile": "worker: work\n"}
    warning = "has no process type web (it has: worker)"
    for expected in (True, False, False):
        host.out.lines.clear()  # type: ignore[attr-defined]
        deploy(host, "blog", tree)
        said = host.out.text()  # type: ignore[attr-defined]
        assert (warning in said, "runs no web process" in said, "http://" in said) == (expected, False, False)
    host.store.write("apps", BLOG, "ps", data={"scale": {"web": 1, "worker": 1}})
    deploy(host, "blog", {"Procfile": "web: serve\nworker: work\n"})
    scale(host, BLOG, {ProcessType("web"): 0})
    host.out.lines.clear()  # type: ignore[attr-defined]
    deploy(host, "blog", tree)
    assert warning in host.out.text()  # type: ignore[attr-defined]


# the look after the switch


def test_a_release_that_clients_cannot_reach_is_rolled_back(host: Host) -> None:
    deploy(host, "blog", TREE)
    before = picture(host)
    proxy(host).silent.add("blog.example.com")
    with pytest.raises(CheckFailed, match="a request through the proxy does not reach it") as failure:
        deploy(host, "blog", TREE)
    assert "http://blog.example.com: nobody listens" in failure.value.details
    assert picture(host) == before


def test_an_instance_that_ends_right_after_the_switch_takes_the_deploy_back(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)
    before = picture(host)
    apply = FakeProxy.apply

    def kills(self: FakeProxy, *words: object, **keywords: object) -> None:
        apply(self, *words, **keywords)  # type: ignore[arg-type]
        for one in [one for one in engine(host).made.values() if ".web.1.upcoming" in one.name]:
            engine(host).containers.stop(one.id, timeout=0)

    monkeypatch.setattr(FakeProxy, "apply", kills)
    with pytest.raises(CheckFailed, match="exited right after the switch"):
        deploy(host, "blog", TREE)
    monkeypatch.undo()
    assert picture(host)["release"] == before["release"]


def test_an_exposed_port_on_which_nobody_listens_is_ignored(host: Host) -> None:
    builder(host).ports = tuple(Port("http", number, number) for number in (8080, 3000, 9229))
    proxy(host).closed |= {8080, 9229}
    deploy(host, "blog", TREE)
    assert [str(port) for port in proxy(host).routes["blog"].ports] == ["http:3000:3000"]
    assert [one.port for one in current(host, BLOG)[1] if one.process == "web"] == [3000]
    reroute(host, "blog")
    assert [str(port) for port in proxy(host).routes["blog"].ports] == ["http:3000:3000"]
    assert urls(host, BLOG) == ["http://blog.example.com:3000"]
    scale(host, BLOG, {ProcessType("web"): 2})
    assert [str(port) for port in proxy(host).routes["blog"].ports] == ["http:3000:3000"]
    proxy(host).closed.add(3000)
    with pytest.raises(CheckFailed):
        deploy(host, "blog", TREE)


def test_instances_that_are_not_checked_are_not_asked(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy(host).silent.add("blog.example.com")
    monkeypatch.setattr(Release, "setting", lambda *_: "web")
    assert look.is_checked(Release(BLOG, 1, "", "", ""), "web") is False


def test_instances_that_a_boot_brings_back_may_still_be_starting(host: Host) -> None:
    deploy(host, "blog", TREE)
    engine(host).put("blog.web.1", "exited", 137)
    proxy(host).silent.add("blog.example.com")
    assert reconcile(host, BLOG) == ["blog: started web.1"]
    scale(host, BLOG, {ProcessType("worker"): 2})
    assert reconcile(host, BLOG) == []


# what follows the commit


def test_a_failure_after_the_commit_is_a_warning_and_is_retried(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(host, "blog", TREE)
    monkeypatch.setattr(FakeScheduler, "finalize", lambda *_: (_ for _ in ()).throw(HostError("the engine is away")))
    deployment = deploy(host, "blog", TREE)
    assert current(host, BLOG)[0] == read_release(host, BLOG, deployment.release.number)
    assert "is done, but a step after it failed and will be retried: the engine is away" in host.out.text()  # type: ignore[attr-defined]
    monkeypatch.undo()
    with operation(host, "look", "app:blog"):
        pass
    assert {one.name for one in engine(host).made.values() if one.id in {i.id for i in deployment.instances}} == {
        "blog.web.1"
    }
