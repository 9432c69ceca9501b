"""Gives each test one marker that says what it needs, so that `-m unit` is all that needs nothing but Python.

A module says what its tests need (`pytestmark = pytest.mark.docker`), a folder whose tests all need the same is in FOLDERS,
and everything else is a unit test.
"""

from __future__ import annotations

import gc
import os
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dokkupy_sdk.testing.effort import THOROUGH

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

ROOT = Path(__file__).parent
SYNC = os.fsync
LANES = frozenset(("unit", "process", "docker", "machine"))
FOLDERS = {
    "tests/bench": "machine",
    "tests/e2e": "machine",
    "plugins_builtin/clickhouse/tests": "docker",
    "plugins_builtin/couchdb/tests": "docker",
    "plugins_builtin/elasticsearch/tests": "docker",
    "plugins_builtin/meilisearch/tests": "docker",
    "plugins_builtin/typesense/tests": "docker",
    "plugins_builtin/docker/tests": "docker",
    "plugins_builtin/dockerfile/tests": "docker",
    "plugins_builtin/logs/tests": "docker",
    "plugins_builtin/mariadb/tests": "docker",
    "plugins_builtin/memcached/tests": "docker",
    "plugins_builtin/mongo/tests": "docker",
    "plugins_builtin/mysql/tests": "docker",
    "plugins_builtin/nats/tests": "docker",
    "plugins_builtin/postgres/tests": "docker",
    "plugins_builtin/rabbitmq/tests": "docker",
    "plugins_builtin/redis/tests": "docker",
    "plugins_builtin/valkey/tests": "docker",
    "tests/services": "docker",
    "plugins_builtin/backups/tests": "process",
    "plugins_builtin/git/tests": "process",
    "plugins_builtin/letsencrypt/tests": "process",
    "plugins_builtin/nginx/tests": "process",
    "plugins_builtin/plugins/tests": "process",
    "tests/distributions": "process",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    of_path: dict[Path, str] = {}
    for item in items:
        if LANES.isdisjoint([mark.name for mark in item.iter_markers()]):
            if item.path not in of_path:
                of_path[item.path] = lane_of(item.path)
            item.add_marker(of_path[item.path])
    if not THOROUGH and not any("::" in word for word in config.args):
        leave_to_thorough(config, items)


def leave_to_thorough(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what tests/thorough.toml names."""
    entries = tomllib.loads((ROOT / "tests" / "thorough.toml").read_text(encoding="utf-8")).values()
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        (left if any(named(item.nodeid, entry) for entry in entries) else kept).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def named(nodeid: str, entry: dict[str, list[str]]) -> bool:
    """Whether an entry of tests/thorough.toml names this test."""
    tests, but = ([fnmatchcase(nodeid, pattern) for pattern in entry.get(key, [])] for key in ("tests", "but"))
    return any(tests) and not any(but)


ENVIRONMENT = (
    *("DOKKU_QUIET_OUTPUT", "DOKKU_APP_NAME", "DOKKUPY_PLUGINS"),
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"),
)
"""Variables that commands read, which a test has only where it sets them."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in ENVIRONMENT:
        os.environ.pop(name, None)
    os.fsync = not_synced if item.get_closest_marker("unit") else SYNC


def not_synced(fd: FileDescriptorLike) -> None:
    """In place of os.fsync in a unit test, which cannot tell whether a disk has written: the waits were half of the lane's time."""
    os.fstat(fd if isinstance(fd, int) else fd.fileno())  # a closed file is refused all the same


def lane_of(path: Path) -> str:
    """What the tests of a file need that does not say it itself."""
    folder = path.relative_to(ROOT).parent.as_posix()
    return next((lane for start, lane in FOLDERS.items() if f"{folder}/".startswith(f"{start}/")), "unit")


def pytest_collection_finish() -> None:
    """What the collection made stays until the end: the garbage collector does not look at it again at each pass. It passes
    less often, because the syntax trees of all files stay, too."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without a look at a file of which `-m unit` selects no test. Every worker would collect a third more tests."""
    if config.option.markexpr != "unit" or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    marked = next((lane for lane in LANES if f"\npytestmark = pytest.mark.{lane}\n" in text), lane_of(collection_path))
    return True if marked != "unit" and "mark.unit" not in text else None
