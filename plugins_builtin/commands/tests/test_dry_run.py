"""`--dry-run`: every mutating command prints what it would do, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy_apps.testing import deploy
from dokkupy_sdk.source_store import source_store
from dokkupy_sdk.testing.hosts import VOCABULARY

Run = Callable[..., tuple[int, str, str]]

TREE = {"Dockerfile": "FROM scratch", "Procfile": "web: serve\nworker: work\nrelease: migrate\n"}

#: Command line -> some of the steps that its plan must contain.
PLANS = [
    (["apps:create", "new"], "write apps/new/app"),
    (["apps:destroy", "blog"], "remove its containers and network"),
    (["apps:destroy", "blog", "--force"], "take blog out of the proxy"),
    (["apps:clone", "blog", "copy"], "copy the app's state"),
    (["apps:rename", "blog", "diary"], "copy the app's state"),
    (["apps:lock", "blog"], "write apps/blog/app: locked"),
    (["apps:unlock", "blog"], "write apps/blog/app"),
    (["config:set", "blog", "TOKEN=hunter2"], "start web.1, worker.1 of v2"),
    (["config:unset", "blog", "COLOR"], "write apps/blog/config: env.COLOR"),
    (["config:clear", "blog", "--no-restart"], "write apps/blog/config: env.COLOR"),
    (["domains:add", "blog", "one.org"], "switch the proxy"),
    (["domains:set", "blog", "one.org"], "write apps/blog/domains"),
    (["domains:remove", "blog", "blog.example.com"], "switch the proxy"),
    (["domains:clear", "blog"], "switch the proxy"),
    (["domains:reset", "blog"], "switch the proxy"),
    (["domains:enable", "blog"], "switch the proxy"),
    (["domains:disable", "blog"], "write apps/blog/ports"),
    (["domains:add-global", "two.org"], "write global/domains: vhosts"),
    (["domains:set-global", "two.org"], "switch the proxy"),
    (["domains:remove-global", "example.com"], "write global/domains: vhosts"),
    (["domains:clear-global"], "write global/domains: vhosts"),
    (["ports:add", "blog", "http:8080:3000"], "switch the proxy"),
    (["ports:set", "blog", "http:8080:3000"], "write apps/blog/ports"),
    (["ports:remove", "blog", "80"], "write apps/blog/ports"),
    (["ports:clear", "blog"], "write apps/blog/ports"),
    (["proxy:enable", "blog"], "switch the proxy"),
    (["proxy:disable", "blog"], "write apps/blog/proxy"),
    (["proxy:build-config", "--all"], "switch the proxy"),
    (["proxy:clear-config", "blog"], "take blog out of the proxy"),
    (["proxy:set", "blog", "proxy-port", "8080"], "write apps/blog/proxy"),
    (["ps:restart", "blog"], "restart web.1, worker.1 with v2, without losing a request"),
    (["ps:rebuild", "blog"], "build the image with the builder fake"),
    (["ps:rebuild", "blog"], "run in a container: migrate"),
    (["ps:scale", "blog", "web=3"], "start web.2, web.3 of v1"),
    (["ps:scale", "blog", "web=0"], "stop web.1"),
    (["ps:stop", "blog"], "stop web.1, worker.1"),
    (["ps:start", "blog"], "write apps/blog/deployment"),
    (["ps:restore"], "update the proxy for blog"),
    (["ps:set", "blog", "restart-policy", "always"], "write apps/blog/ps"),
    (["releases:rollback", "blog", "v1"], "start web.1, worker.1 of v2"),
    (["releases:prune", "blog", "--keep", "1"], ""),
    (["ssh-keys:remove", "me"], "write authorized_keys"),
    (["run:detached", "blog", "true"], "start a container of v1: true"),
    (["trace:on"], "write global/trace"),
    (["trace:off"], "write global/trace"),
    (["recover"], ""),
    (["builds:prune", "blog"], ""),
]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl someone"


def everything(host: Host) -> dict[str, bytes]:
    """All files except the audit, which records every command, and the state of all fakes."""
    root = Path(host.root)
    found = {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    found.pop("logs/audit.log", None)
    for role in (host.engine(), host.scheduler(), host.proxy(), source_store(host)):
        known = {name: value for name, value in vars(role).items() if name != "host"}
        found[type(role).__name__] = repr(known).encode()
    return found


@pytest.fixture
def ready(host: Host, run: Run) -> Host:
    run("domains:add-global", "example.com")
    deploy(host, "blog", TREE)
    source_store(host).trees["blog"] = dict(TREE)  # type: ignore[attr-defined]
    run("ps:scale", "blog", "worker=1")
    run("config:set", "--no-restart", "blog", "COLOR=blue")
    assert run("ssh-keys:add", "me", stdin=KEY + "\n")[0] == 0
    return host


ABSENT = {
    "apps:unlock blog": "Deploy lock does not exist",
    "ports:remove blog 80": "Skipping 80, it is not mapped for blog",
    "ports:clear blog": "No port mappings configured for blog",
}
"""What a dry run says because it is not there."""


@pytest.mark.parametrize(("words", "line"), PLANS, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_dry_run_prints_the_plan_and_changes_nothing(run: Run, ready: Host, words: list[str], line: str) -> None:
    before = everything(ready)
    status, out, error = run(words[0], "--dry-run", "--verbose", *words[1:])
    absent = ABSENT.get(" ".join(words))
    assert (status, error) == (0, f" !     {absent}\n" if absent else ""), out + error
    assert everything(ready) == before
    assert line in out
    assert all(text.startswith(("Would ", "Nothing would change")) for text in out.splitlines())
    short = run(words[0], "--dry-run", *words[1:])[1]
    assert everything(ready) == before
    assert all(text.startswith(("Would ", "Nothing would change", "  ")) for text in short.splitlines())
    assert len(short.splitlines()) < 10 and "hunter2" not in short
    assert "hunter2" not in out
    answer = json.loads(run(words[0], "--dry-run", "--format", "json", *words[1:])[1])
    assert answer["dry_run"] is True
    assert line in "\n".join(answer["plan"])


SCALED = """\
Would change settings of blog (ps):
  ~ worker 1 -> 2
Would start worker.2 of v1
"""
SET = """\
Would change settings of blog (config):
  ~ COLOR
  + TOKEN
Would create release v2: Set config
Would restart web.1, worker.1 with v2, without losing a request
"""
NAMED = """\
Would change settings of the host (domains):
  - vhosts example.com
  + vhosts two.org
"""
DESTROYED = """\
Would take blog out of the proxy: blog.example.com
Would remove its containers and network: web.1, worker.1
Would remove its code, images and state: 1 release
"""


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["ps:scale", "blog", "worker=2"], SCALED),
        (["config:set", "blog", "TOKEN=hunter2", "COLOR=red"], SET),
        (["domains:set-global", "two.org"], NAMED),
        (["apps:destroy", "blog"], DESTROYED),
        (["apps:create", "new"], "Would create the app new\n"),
        (["ps:restart", "blog"], "".join(SET.splitlines(keepends=True)[3:]).replace("Set config", "Restart")),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_dry_run_reads_as_a_diff(run: Run, ready: Host, words: list[str], text: str) -> None:
    assert run(words[0], "--dry-run", *words[1:]) == (0, text, "")


def test_a_dry_run_lists_the_differences_for_programs_without_secrets(run: Run, ready: Host) -> None:
    answer = json.loads(run("config:set", "--dry-run", "--format", "json", "blog", "TOKEN=hunter2")[1])
    secret = {"file": "apps/blog/config", "key": "env.TOKEN", "change": "+", "before": None, "after": None}
    assert answer["changes"] == [secret]
    answer = json.loads(run("ps:scale", "--dry-run", "--format", "json", "blog", "worker=2")[1])
    assert answer["changes"] == [
        {"file": "apps/blog/ps", "key": "scale.worker", "change": "~", "before": "1", "after": "2"}
    ]


def test_verbose_is_only_for_dry_runs(run: Run, ready: Host) -> None:
    status, _, error = run("ps:restart", "blog", "--verbose")
    assert status != 0 and "unknown flag: --verbose" in error


def test_every_mutating_command_is_in_the_table_of_dry_runs(host: Host) -> None:
    planned = {words[0] for words, _ in PLANS}
    elsewhere = {"audit:restart", "builds:cancel", "run:stop", "config:import", "ssh-keys:add", "setup"}
    sets = {f"{namespace}:set" for namespace in host.registry.group("dokkupy.commands")}
    changing = set()
    for entry in host.registry.group("dokkupy.commands").values():
        if entry.plugin in ("core", *VOCABULARY):
            group = host.registry.load(entry)
            changing |= {c.full_name for c in group.commands.values() if c.mutating and not c.hidden}
    missing = changing - planned - elsewhere - sets
    assert {name for name in missing if not name.startswith("plugin:")} == set()


def test_a_dry_run_refuses_what_the_command_would_refuse(run: Run, ready: Host) -> None:
    for words in (["apps:create", "blog"], ["ps:scale", "blog", "clock=1"], ["config:set", "nope", "A=1"]):
        assert run(*words, "--dry-run")[0] == run(*words)[0] != 0


def test_same_command_works_after_its_dry_run(run: Run, ready: Host) -> None:
    assert run("ps:scale", "blog", "web=2", "--dry-run")[0] == 0
    assert run("ps:scale", "blog", "web=2")[0] == 0
    assert json.loads(run("ps:scale", "blog", "--format", "json")[1])["web"] == 2
