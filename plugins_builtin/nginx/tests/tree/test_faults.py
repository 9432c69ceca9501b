"""kill -9 at every boundary of an apply leaves a tree that nginx accepts, and the next apply makes good."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from dokkupy_sdk.errors import HostError

from plugins_builtin.nginx.tests.conftest import BINARY, Rig

BOUNDARIES = ("tree linked", "tree staged", "tree tested", "before switch", "after switch", "reloaded")


def boundaries(rig: Rig, log: Path) -> list[str]:
    names = [line.partition("\t")[2] for line in log.read_text().splitlines()]
    return [name.removeprefix("nginx: ") for name in names]


def in_child(rig: Rig, domain: str, **environment: str) -> int:
    """Apply a change of two apps in a child process; returns its wait status."""
    backends = rig.backends[-2:]
    routes = [
        rig.route(backend.name, f"{backend.name}.{domain}", upstreams={5000: (backend.upstream,)})
        for backend in backends
    ]
    pid = os.fork()
    if pid == 0:
        os.environ.update(environment)
        try:
            rig.proxy.apply(routes)
        except BaseException:
            os._exit(3)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def accepted(rig: Rig) -> bool:
    return (
        subprocess.run([BINARY, "-t", "-q", "-c", str(rig.root / "etc/nginx.conf")], capture_output=True).returncode
        == 0
    )


def test_boundaries_are_those_that_the_matrix_kills_at(rig: Rig, tmp_path: Path) -> None:
    rig.serve("one", "one.old.example.com")
    rig.serve("two", "two.old.example.com")
    log = tmp_path / "boundaries"
    assert in_child(rig, "new.example.com", DOKKUPY_FAILPOINT_LOG=str(log)) == 0
    assert tuple(boundaries(rig, log)) == BOUNDARIES


def served(rig: Rig) -> list[int]:
    return [rig.get(f"one.{name}.example.com").status for name in ("old", "new")]


def one_generation_answers(rig: Rig) -> bool:
    """Killed right after the signal, nginx is still at it, and workers of both generations answer for a moment."""
    deadline, calm = time.monotonic() + 60, 0
    while calm < 5 and time.monotonic() < deadline:
        calm = calm + 1 if sorted(served(rig)) == [0, 200] else 0
    return calm == 5


@pytest.mark.parametrize("number", range(1, len(BOUNDARIES) + 1), ids=BOUNDARIES)
def test_kill_at_any_boundary_leaves_before_or_after_and_no_trace(rig: Rig, number: int) -> None:
    rig.serve("one", "one.old.example.com")
    rig.serve("two", "two.old.example.com")
    assert in_child(rig, "new.example.com", DOKKUPY_FAILPOINT=f"kill@{number}") == signal.SIGKILL
    assert accepted(rig)
    texts = {app: "old" if ".old." in rig.proxy.show(app) else "new" for app in rig.proxy.apps()}
    assert set(texts.values()) in ({"old"}, {"new"}), "both apps changed, or neither"
    assert one_generation_answers(rig)
    # A start from what is on the disk serves the same generation that the files say.
    rig.stop()
    rig.start()
    age = texts[rig.proxy.apps()[0]]
    assert rig.get(f"one.{age}.example.com").body == "one /"
    # The next apply finishes the work and sweeps what was left.
    assert in_child(rig, "new.example.com") == 0
    assert rig.get("one.new.example.com").body == "one /"
    assert rig.get("two.new.example.com").body == "two /"
    assert os.listdir(rig.layout.trees) == [rig.proxy.trees.generation]
    assert not [name for name in os.listdir(rig.layout.base) if name.endswith(".tmp")]


@pytest.mark.parametrize("number", range(1, len(BOUNDARIES) + 1), ids=BOUNDARIES)
def test_failure_at_any_boundary_keeps_the_old_routes_serving(rig: Rig, number: int) -> None:
    rig.serve("one", "one.old.example.com")
    rig.serve("two", "two.old.example.com")
    generation = rig.proxy.trees.generation
    in_child(rig, "new.example.com", DOKKUPY_FAILPOINT=f"fail@{number}")
    assert rig.proxy.trees.generation == generation
    assert rig.get("one.old.example.com").body == "one /"
    assert rig.get("one.new.example.com").status == 0
    assert rig.proxy.served_generation() == generation
    assert os.listdir(rig.layout.trees) == [generation]


def test_nginx_that_does_not_take_the_tree_gets_the_old_one_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe is what decides: here the reload is lost on its way."""
    rig.serve("one", "one.old.example.com")
    generation = rig.proxy.trees.generation
    monkeypatch.setattr(type(rig.proxy.nginx), "reload", lambda self, master: None)
    monkeypatch.setattr(type(rig.proxy.nginx).await_generation, "__kwdefaults__", {"timeout": 0.3})
    with pytest.raises(HostError, match="did not load"):
        rig.proxy.apply([rig.route("one", "one.new.example.com", upstreams={5000: (rig.backends[0].upstream,)})])
    assert rig.proxy.trees.generation == generation
    assert rig.get("one.old.example.com").body == "one /"
