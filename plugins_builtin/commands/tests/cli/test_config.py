"""The commands `config:*`: values are stored literally, and are not in the audit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy_apps.processes import redeploy
from dokkupy_apps.testing import deploy
from dokkupy_sdk.errors import AppError

from plugins_builtin.commands.tests.cli.test_apps import UNTRUSTED
from plugins_builtin.commands.tests.conftest import TREE, Run


@pytest.mark.parametrize("name", [*UNTRUSTED, "1A", "A-B", "A.B"])
def test_a_malicious_variable_name_is_refused_and_nothing_is_set(run: Run, name: str) -> None:
    run("apps:create", "blog")
    if name in ("A", "x" * 64):
        return  # valid names of variables
    assert run("config:set", "blog", f"{name}=1")[0] != 0
    assert json.loads(run("config:export", "blog", "--format", "json")[1]) == {}


VALUES = ["", "a b", "$(id)", "`id`", "a'b", 'a"b', "a\nb", "ä", "=", "a=b", "--x", "%s", "\\n", "*"]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_kept_literally(run: Run, value: str) -> None:
    run("apps:create", "blog")
    assert run("config:set", "blog", f"KEY={value}")[0] == 0
    assert run("config:get", "blog", "KEY") == (0, value + "\n", "")


@pytest.mark.parametrize("value", VALUES)
def test_shell_reads_an_exported_value_unchanged(run: Run, value: str) -> None:
    run("apps:create", "blog")
    run("config:set", "blog", f"KEY={value}")
    script = run("config:export", "blog")[1] + '\nprintf %s "$KEY"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value
    assert run("config", "--export", "blog") == run("config:export", "blog")
    assert run("config", "blog", "--shell") == run("config:export", "blog", "--format", "shell")
    assert run("config", "blog", "--shell", "--export")[0] == 1


def test_variable_that_is_not_set_gives_exit_status_1(run: Run) -> None:
    run("apps:create", "blog")
    status, out, _ = run("config:get", "blog", "NOPE")
    assert (status, out) == (1, "")


def test_values_never_reach_the_audit(run: Run, host: Host) -> None:
    run("apps:create", "blog")
    run("config:set", "blog", "TOKEN=hunter2")
    assert "hunter2" not in Path(host.audit.path).read_text()
    assert "TOKEN=***" in Path(host.audit.path).read_text()


def test_config_set_restarts_a_deployed_app_once_and_no_restart_does_not(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    run("config:set", "--no-restart", "blog", "A=1")
    assert len(json.loads(run("releases", "blog", "--format", "json")[1])) == 1
    run("config:set", "blog", "A=2")
    rows = json.loads(run("releases", "blog", "--format", "json")[1])
    assert [row["number"] for row in rows] == [2, 1]
    assert rows[0]["serving"]


def test_a_failed_restart_says_that_the_configuration_is_changed(
    run: Run, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)

    def fail(*_: object, **__: object) -> None:
        raise AppError("web.1 ended")

    monkeypatch.setattr(redeploy, "redeploy", fail)
    status, _, error = run("config:set", "blog", "A=1")
    assert status == 1 and "The configuration of blog is changed, but its instances keep the earlier one" in error
    assert run("config:get", "blog", "A")[1] == "1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_with_windows_line_ends_gives_the_same_key_and_variables(
    run: Run, host: Host, tmp_path: Path, encoding: str
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    key = (tmp_path / "key.pub").read_text().replace("\n", "\r\n").encode(encoding)
    assert run("ssh-keys:add", "demo", stdin=key)[0] == 0
    run("apps:create", "blog")
    settings = '{"A": "x",\r\n "B": "ü"}\r\n'.encode(encoding)
    assert run("config:import", "blog", "--format", "json", stdin=settings)[0] == 0
    (tmp_path / "settings.json").write_bytes(settings)
    assert run("config:import", "blog", str(tmp_path / "settings.json"), "--format", "json")[0] == 0
    assert run("config:get", "blog", "B")[1] == "ü\n"


def test_json_is_imported_and_an_unknown_format_is_refused(run: Run) -> None:
    run("apps:create", "blog")
    assert run("config:import", "blog", "--format", "json", stdin='{"A": "x y", "B": 2, "C": true}')[0] == 0
    assert json.loads(run("config:export", "blog", "--format", "json")[1]) == {"A": "x y", "B": "2", "C": "true"}
    for bad in ("[1]", "{", '{"A": null}', "[" * 100_000):
        assert run("config:import", "blog", "--format", "json", stdin=bad)[0] == 1
    status, _, error = run("config:import", "blog", "--format", "json", stdin='{"A": "' + "ä" * (3 << 19) + '"}')
    assert status == 1 and "it has more than 3145728 bytes" in error
    status, _, error = run("config:import", "blog", stdin="A=1")
    assert status == 1 and "Install dokkupy-dotenv" in error


def test_a_value_that_cannot_be_an_environment_variable_is_refused_and_not_shown(run: Run) -> None:
    run("apps:create", "blog")
    status, _, error = run("config:import", "blog", "--format", "json", stdin='{"GOOD": "1", "BAD": "hush\\u0000"}')
    assert status == 1 and "BAD" in error and "NUL" in error and "hush" not in error
    status, _, error = run("config:set", "blog", "GOOD=1", "BAD=hush\udcff")
    assert status == 1 and "BAD" in error and "UTF-8" in error and "hush" not in error
    assert json.loads(run("config:export", "blog", "--format", "json")[1]) == {}
