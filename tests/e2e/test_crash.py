"""Killed at any boundary, an operation has happened or not; `dokkupy recover` leaves nothing between.

The matrix is the operation's own list: the process is killed at boundary 1, 2, 3... until it gets through.
"""

from __future__ import annotations

import json
import re
import time
import tomllib

import pytest
from apps import Repository
from bed.host import Host
from state import containers

KILLED = 137
MOST = 80

Matrix = dict[str, list[str]]

COMMANDS: Matrix = {
    "deploy": ["ps:rebuild"],
    "scale": ["ps:scale", "{app}", "web=2"],
    "config": ["config:set", "{app}", "COLOR={number}"],
    "domains": ["domains:set", "{app}", "{app}.example.com", "n{number}.example.com"],
    "rollback": ["releases:rollback", "{app}"],
}


def deployment(host: Host, app: str) -> dict[str, object]:
    text = host.exec(["cat", f"/var/lib/dokkupy/apps/{app}/deployment.toml"]).stdout
    return tomllib.loads(text)


def running(host: Host, app: str) -> dict[str, str]:
    """The app's running containers, id to name."""
    rows = host.exec(
        ["docker", "ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}", "--filter", f"label=dokkupy.app={app}",
         "--filter", "label=dokkupy.kind=deploy"]
    )  # fmt: skip
    return dict((row.split()[0], row.split()[1]) for row in rows.stdout.splitlines())


def retiring(host: Host, app: str) -> set[str]:
    """Who is still on record as finishing what it does."""
    command = f"cat /var/lib/dokkupy/apps/{app}/retire/*.toml 2>/dev/null || true"
    tables = host.exec(["bash", "-c", command]).stdout
    return set(re.findall(r'^id = "([0-9a-f]{64})"', tables, re.MULTILINE))


def assert_whole(host: Host, app: str, where: str) -> None:
    """The state, the engine and the proxy say the same, and the app answers."""
    table = deployment(host, app)
    instances = table["instances"]
    assert isinstance(instances, list)
    leaving = retiring(host, app)
    there = {id: name for id, name in running(host, app).items() if id not in leaving}
    assert there == {one["id"]: f"{app}.{one['process']}.{one['index']}" for one in instances}, where
    assert host.http_get(f"{app}.example.com").status == 200, where
    config = host.exec(["cat", f"/etc/nginx/dokkupy.d/apps/{app}.conf"]).stdout
    for one in instances:
        if one["process"] == "web":
            assert f"server {one['address']}:" in config, where
    tags = host.exec(["docker", "images", f"dokku/{app}", "--format", "{{.Tag}}"]).stdout.split()
    releases = json.loads(host.exec(["dokkupy", "releases", app, "--format", "json"]).stdout)
    assert sorted(tags) == sorted(["latest", *(f"r{one['number']}" for one in releases)]), where
    assert host.exec(["find", "/var/lib/dokkupy/journal/open", "-type", "f"]).stdout == "", where
    assert host.exec(["ls", "/var/lib/dokkupy/work"], check=False).stdout == "", where


def assert_retired(host: Host, app: str) -> None:
    """All whom the killed operations replaced are gone in the end, also those whose own farewell was killed."""
    deadline = time.monotonic() + 90
    while retiring(host, app) and time.monotonic() < deadline:
        host.exec(["dokkupy", "tick"])
        time.sleep(1)
    assert retiring(host, app) == set()
    instances = deployment(host, app)["instances"]
    assert isinstance(instances, list)
    names = [name for name in containers(host) if name.startswith(f"{app}.")]
    assert names == sorted(f"{app}.{one['process']}.{one['index']}" for one in instances)


@pytest.mark.parametrize("kind", list(COMMANDS))
def test_killed_anywhere_it_happened_or_it_did_not(host: Host, app: str, repository: Repository, kind: str) -> None:
    repository.scalable()
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    host.git_push(repository.path, app)
    repository.greet("second")
    host.git_push(repository.path, app)
    host.exec(["dokkupy", "recover"])
    outcomes = []
    for number in range(1, MOST):
        words = [word.format(app=app, number=number) for word in COMMANDS[kind]]
        if kind == "deploy":
            words.append(app)
        if kind == "scale":
            words[-1] = f"web={1 + number % 2}"
        before = deployment(host, app)
        died = host.exec(["dokkupy", *words], env={"DOKKUPY_FAULT": f"kill@{number}"}, check=False)
        assert died.code in (0, KILLED), died.stderr
        assert host.http_get(f"{app}.example.com").status == 200, f"{kind}: while dead at {number}"
        host.exec(["dokkupy", "recover"])
        assert_whole(host, app, f"{kind}: boundary {number}")
        outcomes.append("before" if deployment(host, app) == before else "after")
        if died.code == 0:
            break
    print(f"\n{kind}: {len(outcomes) - 1} boundaries: {' '.join(outcomes)}")
    assert len(outcomes) > 4
    assert died.code == 0
    assert_retired(host, app)
