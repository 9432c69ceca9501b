"""What commands answer with `--json`: one envelope, and data of the type that the plugin declares and the schema publishes."""

from __future__ import annotations

import csv
import io
import json
import re
import typing
from pathlib import Path
from typing import Any

import pytest
import yaml
from dokkupy.cli.declare import Command, Group, Parameter, parameters
from dokkupy.cli.parse import takes_app
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.kernel.registry import Registry
from dokkupy_apps.testing import deploy
from dokkupy_host.formats.schema import schema
from dokkupy_host.formats.typed import settings_of, snake, type_of
from dokkupy_sdk.answers import DryRun
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

from tests.distributions.populated import populate
from tests.distributions.test_killed_commands import TASK

REGISTRY = Registry()
GROUPS: dict[str, Group] = {name: REGISTRY.load(entry) for name, entry in REGISTRY.group("dokkupy.commands").items()}
COMMANDS = {one.full_name: one for group in GROUPS.values() for one in group.commands.values() if one.formats}
PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk"}))
OF_SAMPLES = ("hello:", "webhook:", "shell-hooks:", "key-scan:", "coming-soon:")
TREE = {"Procfile": "web: serve\nworker: work\n"}
UNFIT = ("shell", "git-hook", "logs:drain", "completion:commands")
"""Commands that another program calls and reads."""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path / "disk" / "dokkupy", plugins=PLUGINS, real=("source",))
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def takes_at_most_an_app(command: Command) -> bool:
    needed: list[Parameter] = [one for one in parameters(command.function) if one.required and one.kind != "option"]
    return not command.mutating and not command.root and all(takes_app(one) for one in needed[:1]) and len(needed) < 2


def test_each_command_with_data_declares_its_type() -> None:
    untyped = [name for name in COMMANDS if type_of(REGISTRY, name) is None and not name.startswith(OF_SAMPLES)]
    assert untyped == [], "add them to ANSWERS in their plugin's module answers"


def test_a_declared_type_is_of_a_command() -> None:
    modules = {one.function.__module__.partition(".")[0] for one in COMMANDS.values()} | {"dokkupy_host"}
    names = {*COMMANDS, *(one.full_name for group in GROUPS.values() for one in group.commands.values())}
    shared = {f"*:{name.partition(':')[2]}" for name in names}
    for module in sorted(modules - {"dokkupy", "dokkupy_hello", "dokkupy_webhook", "dokkupy_shell_hooks"}):
        answers = __import__(f"{module}.answers", fromlist=["ANSWERS"]).ANSWERS
        assert set(answers) <= names | shared, module


def test_the_schema_has_the_data_of_each_command() -> None:
    found = schema(REGISTRY)
    described = {case["if"]["properties"]["command"]["const"] for case in found["allOf"]}
    assert described == {name for name in COMMANDS if type_of(REGISTRY, name) is not None}
    texts = json.dumps(found)
    assert all(f'"{name}"' in texts for name in ("schema", "command", "status", "data", "error"))
    used = {text.partition('"')[0] for text in texts.split("#/$defs/")[1:]}
    assert used == set(found["$defs"])


def test_a_reports_fact_of_another_type_than_text_has_it(
    host: Host, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    populate(host, monkeypatch, tmp_path)

    def report(name: str) -> dict[str, Any]:
        return dict(require_envelope(run, name, "blog"))

    ps, ports = report("ps:report"), report("ports:report")
    assert (ps["processes"], ps["pending"]) == (1, []) and ports["map"] == ["tcp:6000:6000", "http:80:5000"]
    assert ports["map_detected_json"] == [{"scheme": "http", "host_port": 80, "container_port": 5000}]
    assert report("apps:report")["created_at"].endswith("Z")
    assert report("builds:report")["build_exit_code"] == 1 and report("disk:report")["own_bytes"] is None
    assert (report("checks:report")["disabled_list"], report("checks:report")["skipped_list"]) == ([], ["web"])
    assert report("domains:report")["app_vhosts"] == ["blog.example.com", "old.example.com", "www.example.com"]
    assert report("storage:report")["attachment_1_phases"] == ["deploy", "run"]
    assert require_envelope(run, "redis:info", "cache")["links"] == ["blog"]


LISTED = re.compile(r"-?\d+|true|false|[\[{].*|[^ ]+(, ?[^ ,]+)+", re.DOTALL)
"""What a text looks like that is a number, a boolean, a time since the epoch, JSON, or a list."""


def test_no_fact_of_a_report_is_a_number_a_boolean_or_a_list_as_text(
    host: Host, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    populate(host, monkeypatch, tmp_path)
    found = []
    for name in sorted(one for one in COMMANDS if one.endswith(":report") and one not in EMPTY):
        if not takes_at_most_an_app(COMMANDS[name]) or name in UNFIT:
            continue
        settings = settings_of(REGISTRY, name)
        known = {snake(one) for one in settings.properties} if settings else set()
        for key, value in (require_envelope(run, name, "blog") or {}).items():
            short = key.removeprefix("global_").removeprefix("computed_")
            if isinstance(value, str) and short not in known and not key.startswith("_") and LISTED.fullmatch(value):
                found.append(f"{name} {key}: {value[:60]}")
    assert found == [], "declare them in REPORTS of the plugin's answers"


OPEN = {
    "ps:inspect": "the engine's own description of containers",
    "report": "the reports of all namespaces, each typed as its own command",
}
"""Commands whose fields are not ours to declare."""


def is_open(kind: Any) -> bool:
    """Whether a type leaves open what some part of it is."""
    if typing.is_typeddict(kind):
        return any(map(is_open, typing.get_type_hints(kind).values()))
    return kind is Any or kind in (dict, list) or any(map(is_open, typing.get_args(kind)))


def test_each_type_declares_its_fields() -> None:
    assert {name for name in COMMANDS if is_open(type_of(REGISTRY, name))} == {*OPEN}
    assert not is_open(DryRun)


EMPTY = {
    "app-links": "a service of each kind would be needed; redis has one",
    "list": "a service of each kind would be needed; redis has one",
    "backups:target-list": "a target is a repository of restic: plugins_builtin/backups/tests",
    "buildpacks:detect": "a git repository: plugins_builtin/buildpacks/tests",
    "buildpacks:plan": "a git repository: plugins_builtin/buildpacks/tests",
    "docker-options:list": "it takes a phase",
    "git:unlock": "it always fails",
    "letsencrypt:list": "an authority: plugins_builtin/letsencrypt/tests",
    "nginx:report": "nginx itself: plugins_builtin/nginx/tests",
    "nginx:show-config": "nginx itself: plugins_builtin/nginx/tests",
    "services:trash": "an engine with volumes: plugins_builtin/services/tests",
    "shell-hooks:list": "an example's",
}
"""Commands without data on the populated host, and what they would need."""
KINDS = {entry.name for entry in entry_points() if entry.group == "dokkupy.datastore"}


def has_reason(name: str) -> bool:
    namespace, _, verb = name.partition(":")
    return name in EMPTY or namespace in KINDS - {"redis"} and verb in EMPTY


def require_envelope(run: Run, name: str, *words: str) -> Any:
    """The data of a command, which is of its declared type."""
    status, out, err = run("--trace", name, *words, "--json")
    assert out.count("\n") == 1, (name, out, err)
    answer = json.loads(out)
    assert list(answer) == ["schema", "command", "status", "data", "error"], name
    assert answer["status"] == status and answer["command"] == name
    assert "is not of its declared type" not in err, (name, err)
    assert (answer["error"] is None) or (status != 0 and answer["data"] is None), name
    return answer["data"]


def test_commands_answer_in_the_envelope_and_in_their_type(
    host: Host, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    populate(host, monkeypatch, tmp_path)
    looked_at, empty = 0, set()
    for name, command in COMMANDS.items():
        if not takes_at_most_an_app(command) or name in UNFIT or command.hidden or name.endswith((":logs", ":tunnel")):
            continue
        asks = any(takes_app(one) for one in parameters(command.function))
        if not require_envelope(run, name, *(["blog"] if asks else [])):
            empty.add(name)
        looked_at += 1
    assert looked_at > 100
    assert {name for name in empty if not has_reason(name)} == set(), (
        "give the populated host something, or say why not"
    )
    assert {name for name in EMPTY if ":" in name} <= empty


MORE = (
    "backups:info f9a1f9a1",
    "builds:list blog",
    "help:command ps:scale",
    "logs:failed --all",
    "network:info shared",
    "redis:info cache",
    "redis:links cache",
    "redis:linked cache blog",
    "releases:diff blog v1 v2",
    "storage:info data",
)
"""Calls of commands that show something and take more than an app."""


def test_commands_with_arguments_answer_in_their_type(
    host: Host, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    populate(host, monkeypatch, tmp_path)
    for words in MORE:
        assert require_envelope(run, *words.split()), run(*words.split())


def test_changes_answer_in_their_type(host: Host, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    populate(host, monkeypatch, tmp_path)
    for words in (
        "apps:unlock blog",
        "builds:cancel blog",
        "certs:generate blog blog.example.com",
        "config:set blog A=1",
        f"cron:resume blog {TASK}",
        "domains:add blog new.example.com",
        "network:create new",
        "ports:add blog http:8080:5000",
        "ps:restart --all",
        "ps:scale blog worker=1",
        "redis:unlink cache blog",
        "redis:promote cache blog",
        "releases:rollback blog v1",
        "ssh-keys:set you --role viewer --apps blog",
        "storage:create new",
        "storage:mount blog data:/more",
        "storage:unmount blog data:/more",
        "storage:undestroy old",
    ):
        require_envelope(run, *words.split())
        for form in ("yaml", "csv", "table"):
            assert "declared type" not in run("--trace", *words.split(), "--dry-run", "--format", form)[2], words


def test_an_error_is_in_the_same_envelope_also_where_the_command_line_is_wrong(run: Run) -> None:
    fields = ["code", "message", "hint", "details", "plugin"]
    for words, code, status in (
        (("ps:scale", "nope"), "app_not_found", 20),
        (("ps:sclae", "nope"), "unknown_command", 1),
        (("ps:scale", "--nope"), "bad_input", 1),
        (("config:get", "--global", "NOPE"), "not_set", 1),
    ):
        answer = json.loads(run(*words, "--json")[1])
        assert list(answer["error"]) == fields
        assert (answer["error"]["code"], answer["status"], answer["data"]) == (code, status, None)
        assert yaml.safe_load(run(*words, "--format", "yaml")[1]) == answer
        assert run(*words, "--format=csv")[1] == ""


def test_yaml_csv_and_table_have_the_data_of_json(host: Host, run: Run) -> None:
    host.hooks.manager.unregister(name="checks")  # it would wait for the fake instances to answer
    deploy(host, "blog", TREE)
    data = json.loads(run("releases", "blog", "--json")[1])["data"]
    assert yaml.safe_load(run("releases", "blog", "--format", "yaml")[1])["data"] == data
    rows = list(csv.DictReader(io.StringIO(run("releases", "blog", "--format", "csv")[1])))
    assert [list(row) for row in rows] == [list(row) for row in data]
    assert rows[0]["number"] == "1" and rows[0]["serving"] == "true"
    heads, row = run("releases", "blog", "--format", "table")[1].splitlines()
    assert heads.split()[:3] == ["NUMBER", "CREATED", "AT"] and row.split()[0] == "1"
    assert run("ps:scale", "blog", "--format", "csv")[1] == "key,value\r\nweb,1\r\nworker,0\r\n"
    assert run("apps:list", "--format", "csv")[1] == "value\r\nblog\r\n"


def test_a_report_has_each_value_once_and_of_its_own_type(host: Host, run: Run) -> None:
    host.hooks.manager.unregister(name="checks")  # it would wait for the fake instances to answer
    deploy(host, "blog", TREE)
    data = json.loads(run("ps:report", "blog", "--json")[1])["data"]
    assert data["computed_stop_timeout_seconds"] == 30
    assert data["computed_skip_deploy"] is False and data["skip_deploy"] is None
    assert not [name for name in data if name.startswith("ps_")]


def test_a_form_that_nobody_writes_is_refused_before_anything_changes(host: Host, run: Run) -> None:
    status, out, err = run("apps:create", "shop", "--format", "xml")
    assert (status, out) == (1, "")
    assert "Invalid format 'xml': use one of stdout, json, csv, envelope, table, yaml" in err
    assert not host.store.has_app("shop")  # type: ignore[arg-type]
