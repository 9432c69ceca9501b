"""A real `git push` over SSH, from a developer's machine to a host that `install.sh` installed."""

from __future__ import annotations

import json

from apps import Repository
from bed.host import Host
from state import containers, networks


def running(host: Host, app: str) -> list[str]:
    form = '{{.Label "com.dokku.app-name"}} {{.Label "com.dokku.process-type"}}'
    rows = host.exec(["docker", "ps", "--format", form]).stdout.splitlines()
    return sorted(row.partition(" ")[2] for row in rows if row.partition(" ")[0] == app)


def vhost(host: Host, app: str) -> str:
    report = host.exec(["dokkupy", "domains:report", app, "--format", "json"]).stdout
    names = str(json.loads(report).get("app-vhosts") or json.loads(report).get("domains-app-vhosts"))
    return names.split()[0]


def with_domain(host: Host, app: str) -> str:
    host.exec(["dokkupy", "apps:create", app])
    name = f"{app}.example.com"
    host.exec(["dokkupy", "domains:set", app, name])
    return name


def test_first_push_creates_the_app_and_serves_all_processes(host: Host, app: str, repository: Repository) -> None:
    pushed = host.git_push(repository.path, app)
    assert "=====> Application deployed:" in pushed.stderr
    assert "release task ran with Python" in pushed.stderr
    assert running(host, app) == ["web", "worker"]
    answer = host.http_get(vhost(host, app))
    assert (answer.status, answer.body) == (200, "Hello from dokkupy!\n")


def test_second_push_replaces_the_first(host: Host, app: str, repository: Repository) -> None:
    name = with_domain(host, app)
    host.git_push(repository.path, app)
    repository.greet("second")
    host.git_push(repository.path, app)
    assert host.http_get(name).body == "second\n"


def test_failing_check_keeps_the_old_release_serving_and_leaves_nothing(
    host: Host, app: str, repository: Repository
) -> None:
    name = with_domain(host, app)
    host.git_push(repository.path, app)
    before = containers(host), networks(host), running(host, app)

    repository.replace("web.py", 'self.answer(200, "ok\\n")', 'self.answer(500, "broken\\n")')
    repository.replace("app.json", '"attempts": 10', '"attempts": 2')
    repository.commit("a check that fails")
    failed = host.git_push(repository.path, app, check=False)

    assert failed.code != 0
    assert "[remote rejected]" in failed.stderr
    assert host.http_get(name).body == "Hello from dokkupy!\n"
    assert (containers(host), networks(host), running(host, app)) == before


def test_failing_release_task_keeps_the_old_release_serving(host: Host, app: str, repository: Repository) -> None:
    name = with_domain(host, app)
    host.git_push(repository.path, app)
    before = containers(host)
    repository.write("release.py", "raise SystemExit('no migration today')\n")
    repository.commit("a release task that fails")
    failed = host.git_push(repository.path, app, check=False)
    assert failed.code != 0
    assert "no migration today" in failed.stderr
    assert host.http_get(name).body == "Hello from dokkupy!\n"
    assert containers(host) == before


def test_push_to_another_branch_deploys_nothing(host: Host, app: str, repository: Repository) -> None:
    name = with_domain(host, app)
    host.git_push(repository.path, app)
    repository.greet("from a branch")
    host.git_push(repository.path, app, "HEAD:refs/heads/topic", check=False)
    assert host.http_get(name).body == "Hello from dokkupy!\n"
