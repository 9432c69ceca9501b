"""Killed anywhere, by our own boundaries or while certbot runs: the old certificate is served, the state is before or
after, the next command or tick works, and nothing is left that somebody would have to remove."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import stat
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from dokkupy.kernel import failpoints
from dokkupy_certs.certificates import place, slots
from dokkupy_host.timer.maintenance import do_tick
from dokkupy_letsencrypt.certbot import lineage
from dokkupy_letsencrypt.certbot.program import Certbot
from dokkupy_letsencrypt.order import leftovers, manage
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Route
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeProxy
from dokkupy_sdk.testing.effort import THOROUGH, stride
from dokkupy_sdk.tls import challenge_server

from plugins_builtin.letsencrypt.tests.authority import wait_for
from plugins_builtin.letsencrypt.tests.conftest import BLOG, Bench
from plugins_builtin.letsencrypt.tests.front import Front

MOST = 60


class SharedProxy(FakeProxy):
    """A proxy that outlives the process that tells it something, as a real one does."""

    def __init__(self, host: Host, routes: dict[str, Route]) -> None:
        self.file = Path(host.path("routes"))
        super().__init__(host)
        self.routes = routes

    @property
    def routes(self) -> dict[str, Route]:
        return dict(pickle.loads(self.file.read_bytes()))

    @routes.setter
    def routes(self, routes: dict[str, Route]) -> None:
        self.file.write_bytes(pickle.dumps(routes))

    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        found = self.routes
        for app in remove:
            found.pop(app, None)
        self.routes = {**found, **{str(route.app): route for route in routes}}


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.host.override_role("proxy", "fake", SharedProxy(bench.host, bench.proxy.routes))
    return bench


class Child:
    """A process that does something with the bench's host, as a command would."""

    def __init__(self, do: Callable[[], object], fault: str = "") -> None:
        self.pid = os.fork()
        if self.pid == 0:
            code = 3
            try:
                failpoints._passed = 0
                os.environ["DOKKUPY_FAILPOINT"] = fault
                do()
                code = 0
            except DokkupyError as error:
                print(error, error.details)
                code = 1
            finally:
                sys.stdout.flush()
                os._exit(code)

    def wait(self) -> int:
        """Its exit status, negative for a signal."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def certbots(bench: Bench) -> dict[int, str]:
    """Processes that run for this host alone, by id: certbot and who waits for it."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if entry.name.isdigit() and any(word.startswith(bench.host.root) and "certbot.ini" in word for word in words):
            found[int(entry.name)] = os.path.basename(words[0])
    return found


def age(path: Path) -> None:
    old = time.time() - leftovers.AGE - 60
    os.utime(path, (old, old))


def assert_whole(bench: Bench, where: str) -> None:
    """The state, what is served and the files say the same, and there are no others."""
    host = bench.host
    kept = slots(host, BLOG)
    assert bench.served() == (kept[0].current.id if kept else ""), where
    named = {one.id for slot in kept for one in (slot.current, slot.previous) if one}
    directory = Path(host.store.directory("apps", BLOG), "tls")
    there = {path.name for path in directory.iterdir()} if directory.exists() else set()
    assert {os.path.basename(place(host, BLOG, one)) for one in named} <= there, where
    status = manage.status(host, BLOG)
    assert status.enabled == bool(kept) and [one.slot is not None for one in status.parts] == [bool(kept)], where
    assert not list(Path(host.path("journal", "open")).iterdir()), where
    scratch = Path(host.path("tmp", "certbot"))
    assert not scratch.exists() or not list(scratch.iterdir()), where


def tick(bench: Bench) -> None:
    """As a minute later."""
    bench.host.store.write("global", "tick", data={"last": {}})
    do_tick(bench.host)


def assert_nothing_left(bench: Bench, where: str) -> None:
    """What lies beside it for an hour at most; then the tick takes it away."""
    place = Path(challenge_server(bench.host).directory())
    files = [path for path in place.iterdir() if not path.is_dir()]
    assert len(files) <= 2, where
    for path in files:
        age(path)
    tick(bench)
    assert [path.name for path in place.iterdir()] in ([], [".root"]), where
    assert not certbots(bench), where


def once(bench: Bench, verb: str) -> None:
    if verb == "revoke":
        manage.revoke(bench.host, BLOG)
    elif verb == "disable":
        manage.disable(bench.host, BLOG)
    else:
        manage.enable(bench.host, BLOG, force=True)


@pytest.mark.parametrize("verb", ["first", "renew", "disable", "revoke"])
def test_killed_at_each_boundary_it_happened_or_it_did_not(bench: Bench, verb: str) -> None:
    outcomes = []
    code = -1
    for number in range(1, MOST, stride(18)):
        if verb != "first" and not bench.served():
            manage.enable(bench.host, BLOG)
        if verb == "first" and bench.served():
            manage.disable(bench.host, BLOG)
            Certbot(bench.host).forget(BLOG)
        before = bench.served()
        code = Child(partial(once, bench, verb), f"kill@{number}").wait()
        assert code in (0, -signal.SIGKILL), (verb, number, code)
        where = f"{verb}: boundary {number}"
        if verb == "renew":
            assert bench.served(), where  # by files that are there
        tick(bench)
        assert_whole(bench, where)
        assert_nothing_left(bench, where)
        outcomes.append("before" if bench.served() == before else "after")
        if code == 0:
            break
    print(
        f"\n{verb}: {len(outcomes) - 1} boundaries, {outcomes.count('before')} before, {outcomes.count('after')} after"
    )
    assert code == 0 and len(outcomes) > 10 // stride(18) and outcomes[0] == "before" and outcomes[-1] == "after"


POINTS = ("order-plz", "chalZ", "finalize-order", "certZ")
"""Requests of an order: of a new one, of the look at a name, of the signature, of the certificate."""


@pytest.mark.parametrize(
    ("point", "victim"),
    [
        *((point, victim) for point in (POINTS if THOROUGH else POINTS[1::2]) for victim in ("ours", "certbot")),
        ("finalize-order", "timeout"),
        ("chalZ", "both"),
    ],
)
def test_killed_while_certbot_runs_the_next_try_is_in_nobody_s_way(
    bench: Bench, front: Front, point: str, victim: str
) -> None:
    manage.enable(bench.host, BLOG)
    first = bench.served()
    bench.add("www.example.com")
    child: list[int] = []
    hit: list[str] = []

    def kill() -> None:
        if hit:
            return None
        wait_for(lambda: bool(child))
        for pid, name in certbots(bench).items():
            if (victim, name) in (("timeout", "timeout"),) or (victim in ("certbot", "both") and name != "timeout"):
                hit.append(name)  # before: who waits for it to end reads this at once
                end(pid)
        if victim in ("ours", "both"):
            hit.append("ours")
            os.kill(child[0], signal.SIGKILL)
        return None

    front.rules[point] = kill
    command = Child(lambda: manage.enable(bench.host, BLOG, force=True))
    child.append(command.pid)
    code = command.wait()
    assert hit and code == (-signal.SIGKILL if victim in ("ours", "both") else 1), (hit, code)
    assert bench.served() == first
    # At once, while the orphan may be about to end.
    assert manage.enable(bench.host, BLOG, force=True) is True
    assert bench.served() != first and not certbots(bench)
    tick(bench)
    assert_whole(bench, f"{victim} at {point}")
    assert_nothing_left(bench, f"{victim} at {point}")
    assert lineage.names(Certbot(bench.host).config) == {"blog"}


def test_orphan_that_does_not_end_is_waited_for_and_not_collided_with(bench: Bench, front: Front) -> None:
    """Its own lock is what tells; its file, which a kill leaves behind, is not."""
    locked: list[bool] = []
    front.rules["finalize-order"] = lambda: locked.append(Certbot(bench.host).locked())
    manage.enable(bench.host, BLOG)
    assert locked == [True] and Certbot(bench.host).locked() is False
    Path(Certbot(bench.host).config, ".certbot.lock").touch()
    assert Certbot(bench.host).locked() is False
    manage.enable(bench.host, BLOG, force=True)


def end(pid: int) -> None:
    with suppress(ProcessLookupError):  # certbot has children that end by themselves
        os.kill(pid, signal.SIGKILL)


def test_killed_certbot_is_said_to_have_been(bench: Bench, front: Front) -> None:
    def kill() -> None:
        for pid, name in certbots(bench).items():
            if name != "timeout":
                end(pid)

    front.rules["order-plz"] = kill
    with pytest.raises(DokkupyError, match="No certificate for blog: certbot was killed"):
        manage.enable(bench.host, BLOG)


# certbot's own files

DYING = """#!{python}
import os, signal, sys
WRITES, root, left = os.O_WRONLY | os.O_RDWR | os.O_CREAT, {config!r}, {number}
def hook(event, args):
    global left
    path = str(args[1] if event in ("os.symlink", "os.rename") else args[0]) if args else ""
    if event == "open" and not (isinstance(args[2], int) and args[2] & WRITES):
        return
    if event in ("open", "os.mkdir", "os.symlink", "os.rename", "os.remove", "os.rmdir") and path.startswith(root) \\
            and not path.endswith(".lock"):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from certbot.main import main
sys.exit(main())
"""


def dying(bench: Bench, number: int, path: Path) -> str:
    """A certbot that is killed before it changes its directory for the nth time."""
    path.write_text(DYING.format(python=sys.executable, config=Certbot(bench.host).config, number=number))
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(("verb", "step"), [("first", 18), ("renew", 16)])
def test_certbot_killed_among_its_writes_leaves_no_half_that_is_in_the_way(
    bench: Bench, verb: str, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, kept = Path(Certbot(bench.host).config), tmp_path / "kept"
    kept.mkdir()
    if verb == "renew":
        manage.enable(bench.host, BLOG)
        shutil.copytree(config, kept, symlinks=True, dirs_exist_ok=True)
    plain, numbers = Certbot.program, []
    for number in range(1, MOST, stride(step)):
        numbers.append(number)
        before = bench.served()
        shutil.rmtree(config, ignore_errors=True)
        shutil.copytree(kept, config, symlinks=True)
        program = dying(bench, number, tmp_path / "certbot")
        monkeypatch.setattr(Certbot, "program", lambda _, program=program: program)
        try:
            manage.enable(bench.host, BLOG, force=True)
            break
        except DokkupyError as error:
            assert "was killed" in error.message, (verb, number, error.details)
        assert bench.served() == before
        monkeypatch.setattr(Certbot, "program", plain)
        manage.enable(bench.host, BLOG, force=True)
        assert bench.served() != before, (verb, number)
        assert lineage.names(str(config)) == {"blog"} and lineage.whole(str(config), "blog"), (verb, number)
        assert len(list((config / "accounts").rglob("regr.json"))) == 1, (verb, number)
        for path in config.rglob("*"):
            if "key" in path.name and path.is_file() and not path.is_symlink():
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    print(f"\n{verb}: certbot was killed at {len(numbers) - 1} of its writes")
    assert 10 < numbers[-1] < MOST - step
