"""What commands answer with `--json`: one envelope, and data of the type that the plugin declares and the schema publishes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import yaml
from dokkupy.cli.declare import Command, Group, Parameter, parameters
from dokkupy.cli.parse import takes_app
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.kernel.registry import Registry
from dokkupy_apps.testing import deploy
from dokkupy_host.formats.schema import schema
from dokkupy_host.formats.typed import type_of
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

REGISTRY = Registry()
GROUPS: dict[str, Group] = {name: REGISTRY.load(entry) for name, entry in REGISTRY.group("dokkupy.commands").items()}
COMMANDS = {one.full_name: one for group in GROUPS.values() for one in group.commands.values() if one.formats}
PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk"}))
OF_SAMPLES = ("hello:", "webhook:", "shell-hooks:", "key-scan:", "coming-soon:")
TREE = {"Procfile": "web: serve\nworker: work\n"}
UNFIT = ("shell", "git-hook", "logs:drain", "completion:commands")
"""Commands that another program calls and reads."""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    for name in ("DOKKU_QUIET_OUTPUT", "DOKKU_APP_NAME", "DOKKUPY_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    host = fake_host(tmp_path, plugins=PLUGINS, real=("source",))
    host.hooks.manager.unregister(name="checks")  # it would wait for the fake instances to answer
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


def test_commands_about_an_app_answer_in_the_envelope_and_in_their_type(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    looked_at = 0
    for name, command in COMMANDS.items():
        if not takes_at_most_an_app(command) or name in UNFIT or command.hidden or name.endswith((":logs", ":tunnel")):
            continue
        asks = any(takes_app(one) for one in parameters(command.function))
        words = [name, *(["blog"] if asks else [])]
        status, out, err = run("--trace", *words, "--json")
        assert out.count("\n") == 1, (name, out, err)
        answer = json.loads(out)
        assert list(answer) == ["schema", "command", "status", "data", "error"], name
        assert answer["status"] == status and answer["command"] == name
        assert "is not of its declared type" not in err, (name, err)
        assert (answer["error"] is None) or (status != 0 and answer["data"] is None), name
        looked_at += 1
    assert looked_at > 100


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
