"""A deploy happens completely or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dokkupy.errors import AppError, Busy, DokkupyError, HostError, UserError
from dokkupy.host import Host
from dokkupy.kernel import failpoints
from dokkupy.kernel.operation import operation
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.release import Deployment
from dokkupy.transaction import Transaction
from dokkupy_apps.apps import create_app
from dokkupy_apps.builds.records import builds_of
from dokkupy_apps.deploy import deploy_source, deploying
from dokkupy_apps.desired import status
from dokkupy_apps.desired.formation import stored_scale
from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.processes.redeploy import rebuild, redeploy
from dokkupy_apps.processes.rollback import rollback
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.processes.start_stop import start_app, stop_app
from dokkupy_apps.releases.private_names import private_part
from dokkupy_apps.releases.records import current, read_release
from dokkupy_apps.rollout.retire import retire_due
from dokkupy_apps.testing import deploy
from dokkupy_sdk.events import of_app, recent
from dokkupy_sdk.locks import holder
from dokkupy_sdk.state import FailedFile
from dokkupy_sdk.testing import FakeScheduler
from dokkupy_sdk.testing.fakes import write_tree

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, builder, config, engine, picture, proxy, scheduler


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


@pytest.mark.parametrize("command", ["recover --boot", "tick --within 50"])
def test_a_deploy_waits_for_the_timer_and_for_a_recovery(
    host: Host, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_app(host, BLOG)
    lock = host.lock("app:blog", wait=0, command=command)

    def look(root: str, subject: str) -> dict[str, Any]:
        living = holder(root, subject)
        lock.release()
        return living

    monkeypatch.setattr("dokkupy_apps.deploy.holder", look)
    deploy(host, "blog", TREE)
    assert current(host, BLOG)[0] is not None


def test_a_second_deploy_is_refused_at_once(host: Host) -> None:
    create_app(host, BLOG)
    with host.lock("app:blog", wait=0, command="git push blog"), pytest.raises(Busy, match="git push blog"):
        deploy(host, "blog", TREE)
    assert current(host, BLOG)[0] is None
    assert "deploy_finished" not in {row["event"] for row in of_app(recent(host), BLOG)}, "nothing was deployed"


def test_a_deploy_that_waits_says_for_what_and_follows_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    create_app(host, BLOG)
    lock = host.for_invocation(who="key:ann").lock("app:blog", wait=0, command="git push blog")
    monkeypatch.setattr("dokkupy_sdk.waiting.EVERY", 0.01)
    said: list[str] = []

    def shown(text: str) -> None:
        said.append(text)
        if text.startswith("Still waiting for `git push blog` by ann"):
            lock.release()

    monkeypatch.setattr(host.out, "section", shown)
    with deploying(host, BLOG, patience=3600) as tx:
        assert tx.subject == "app:blog"
    assert said[0].startswith("Waiting for `git push blog` by ann (process ") and len(said) > 1


def test_a_deploy_does_not_wait_beyond_its_patience(host: Host) -> None:
    create_app(host, BLOG)
    with host.lock("app:blog", wait=0, command="git push blog"), pytest.raises(Busy, match="git push blog"):
        with deploying(host, BLOG, patience=0.01):
            raise AssertionError("the lock is held")


def test_an_app_gets_no_more_processes_than_the_host_allows(host: Host) -> None:
    web, worker = ProcessType("web"), ProcessType("worker")
    tree = {"Procfile": "web: serve\nworker: work\n"}
    deploy(host, "blog", tree)
    with pytest.raises(UserError, match="blog would have 101 processes, and it may have at most 100") as caught:
        scale(host, BLOG, {worker: 100})
    assert caught.value.hint.endswith("ask an admin for: dokkupy apps:set blog max-processes 101")
    assert stored_scale(host, BLOG) == {}
    host.store.write("apps", "blog", "apps", data={"properties": {"max-processes": "3"}})
    assert scale(host, BLOG, {worker: 2}) == {web: 1, worker: 2}
    with pytest.raises(UserError, match="blog would have 4 processes"):
        scale(host, BLOG, {web: 2})
    host.store.write("apps", "blog", "apps", data={"properties": {"max-processes": "1"}})
    deploy(host, "blog", tree)  # what it has it keeps: the limit may be newer
    assert scale(host, BLOG, {worker: 1}) == {web: 1, worker: 1}
    create_app(host, AppName("shop"))
    host.store.write("apps", "shop", "ps", data={"scale": {"worker": 100}})
    with pytest.raises(UserError, match="shop would have 101 processes"):
        deploy(host, "shop", tree)


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


def push(host: Host, record: Callable[[Transaction, Deployment | None], None]) -> None:
    def fill(directory: Path) -> str:
        write_tree(directory, TREE)
        return "b" * 40

    deploy_source(host, BLOG, kind="git-hook", fill=fill, labels={"from": "an image"}, record=record)


def test_what_a_deploy_makes_true_of_its_source_is_recorded_once_it_serves(host: Host) -> None:
    deploy(host, "blog", TREE)
    seen: list[tuple[int, bool, bool]] = []

    def record(tx: Transaction, deployment: Deployment | None) -> None:
        assert deployment is not None
        serves = current(host, BLOG)[1] == deployment.instances
        seen.append((deployment.release.number, serves, tx.committed))

    push(host, record)
    assert seen == [(2, True, False)]
    assert builder(host).builds[-1].labels["from"] == "an image"
    assert "from" not in builder(host).builds[0].labels


def test_a_source_that_cannot_be_recorded_fails_its_deploy(host: Host) -> None:
    deploy(host, "blog", TREE)
    before = picture(host)

    def record(tx: Transaction, deployment: Deployment | None) -> None:
        raise HostError("the branch cannot be moved")

    with pytest.raises(HostError, match="the branch cannot be moved"):
        push(host, record)
    assert picture(host) == before


def test_a_rebuild_gives_its_image_the_labels_of_the_code(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(host, "blog", TREE)
    source = host.role("source", "fake")
    source.trees["blog"] = TREE
    monkeypatch.setattr(source, "labels", lambda app: {"code-of": str(app)})
    rebuild(host, BLOG)
    assert builder(host).builds[-1].labels["code-of"] == "blog"


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
    """Each failpoint of the operation is made to fail, one after the other."""
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
        else:  # nothing failed, or only a step after the commit: the deploy is done
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


# a deploy that would remove the serving web process


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
    assert len(builder(host).builds) == builds, "the source is refused before it is built"
    scale(host, BLOG, {ProcessType("web"): 0})
    deploy(host, "blog", tree)


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


# the steps after the commit


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
