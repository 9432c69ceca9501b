"""What is loaded when first used is loaded whole and once, whichever threads ask for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry

THREADS = 8

SLOW = """
import time
print("a plugin that prints while it is imported")
time.sleep(0.2)

class Adapter:
    made = []

    def __init__(self, host):
        time.sleep(0.05)
        self.made.append(self)
"""

ROLES = ("engine", "scheduler", "builder", "proxy", "source", "datastore")


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = f"slow_plugin_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(SLOW)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


def entry(module: str, group: str) -> EntryPoint:
    return EntryPoint(group, "slow", f"{module}:Adapter", "dokkupy-slow", "1.0", "")


def at_once(do: Callable[[], Any]) -> list[Any]:
    """Results of threads, of which the first begins alone and the others while it imports."""
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(do)]
        time.sleep(0.05)
        futures += [pool.submit(do) for _ in range(THREADS - 1)]
        return [future.result() for future in futures]


def test_all_threads_that_load_a_slow_module_get_the_complete_module(slow: str) -> None:
    one = entry(slow, "dokkupy.engine")
    found = at_once(lambda: Registry([one]).load(one))
    assert len(set(map(id, found))) == 1
    assert found[0].__name__ == "Adapter"


def test_a_module_that_another_thread_imports_by_a_statement_is_waited_for(slow: str) -> None:
    one = entry(slow, "dokkupy.engine")
    loads = iter([lambda: __import__(slow).Adapter] * (THREADS // 2) + [lambda: Registry([one]).load(one)] * THREADS)
    assert len(set(map(id, at_once(lambda: next(loads)())))) == 1


@pytest.mark.parametrize("role", ROLES)
def test_threads_that_ask_a_host_for_a_role_all_get_the_same_adapter(slow: str, role: str, tmp_path: Path) -> None:
    host = Host(str(tmp_path / "root"), registry=Registry([entry(slow, f"dokkupy.{role}")]))
    found = at_once(lambda: host.role(role, "slow"))
    assert len(set(map(id, found))) == 1
    assert len(found[0].made) == 1


def test_what_other_threads_print_while_a_plugin_is_imported_stays_on_standard_output(
    slow: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one = entry(slow, "dokkupy.engine")
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(Registry([one]).load, one)
        while not loading.done():
            print("a line of an app")
            print("another", file=sys.stdout, flush=True)
        loading.result()
    seen = capsys.readouterr()
    assert "a line of an app" in seen.out
    assert "a plugin that prints" not in seen.out
    assert "a plugin that prints" in seen.err
    assert "line of an app" not in seen.err and "another" not in seen.err
