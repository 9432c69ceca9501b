"""Dokku's commands: their words, streams and exit statuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy.model.names import AppName, EnvKey
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_sdk.source_store import source_store

from plugins_builtin.commands.tests.conftest import Run

TREE = {"Procfile": "web: serve\nworker: work\n"}

UNTRUSTED = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "-x",
    "--force",
    "x;reboot",
    "$(id)",
    "`id`",
    "a b",
    "a\nb",
    "A",
    "ä",
    "x" * 64,
    "a..b",
    "a'b",
    'a"b',
    "a|b",
    "a&b",
    "a>b",
    "%s",
    "{{x}}",
    "a\x00b",
    "a\x1b[2Jb",
    "*",
    "~",
]


def test_an_app_is_created_listed_and_destroyed(run: Run) -> None:
    assert run("apps:create", "blog")[0] == 0
    assert run("apps:exists", "blog") == (0, "", "")
    assert run("--quiet", "apps:list") == (0, "blog\n", "")
    status, _, error = run("apps:create", "blog")
    assert status == 1 and "Name is already taken" in error
    assert run("apps:destroy", "blog", stdin="no\n")[0] == 1
    assert run("apps:exists", "blog")[0] == 0
    assert run("apps:destroy", "blog", stdin="blog\n")[0] == 0
    assert run("apps:exists", "blog")[0] == 20


def test_without_apps_there_is_a_warning_and_no_failure(run: Run) -> None:
    status, out, error = run("apps:list")
    assert (status, out) == (0, "")
    assert "You haven't deployed any applications yet" in error
    assert json.loads(run("apps:list", "--format", "json")[1]) == []


@pytest.mark.parametrize("name", UNTRUSTED)
def test_a_malicious_app_name_is_refused_and_nothing_is_made(run: Run, host: Host, name: str) -> None:
    status, _, error = run("apps:create", "--", name)
    assert status != 0
    assert error
    assert host.store.apps() == []


@pytest.mark.parametrize("name", [*UNTRUSTED, "1A", "A-B", "A.B"])
def test_a_malicious_variable_name_is_refused_and_nothing_is_set(run: Run, name: str) -> None:
    run("apps:create", "blog")
    if name in ("A", "x" * 64):
        return  # fine names for variables
    assert run("config:set", "blog", f"{name}=1")[0] != 0
    assert json.loads(run("config:export", "blog", "--format", "json")[1]) == {}


VALUES = ["", "a b", "$(id)", "`id`", "a'b", 'a"b', "a\nb", "ä", "=", "a=b", "--x", "%s", "\\n", "*"]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_kept_literally(run: Run, value: str) -> None:
    run("apps:create", "blog")
    assert run("config:set", "blog", f"KEY={value}")[0] == 0
    assert run("config:get", "blog", "KEY") == (0, value + "\n", "")


@pytest.mark.parametrize("value", VALUES)
def test_an_exported_value_means_the_same_to_a_shell(run: Run, value: str) -> None:
    run("apps:create", "blog")
    run("config:set", "blog", f"KEY={value}")
    script = run("config:export", "blog")[1] + '\nprintf %s "$KEY"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value


def test_a_variable_that_is_not_set_says_so_by_its_status(run: Run) -> None:
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


def test_domains_follow_the_global_ones_until_the_app_has_its_own(run: Run) -> None:
    run("apps:create", "blog")
    run("domains:add-global", "example.com")
    assert run("domains:report", "--global", "--domains-global-vhosts")[1] == "example.com\n"
    assert run("domains:report", "blog", "--domains-app-vhosts")[1] == "blog.example.com\n"
    run("domains:set", "blog", "one.org", "two.org")
    assert run("urls", "blog")[1] == "http://one.org\nhttp://two.org\n"
    assert run("domains:add", "blog", "bad_name!")[0] == 1
    run("domains:reset", "blog")
    assert run("url", "blog")[1] == "http://blog.example.com\n"


def test_a_url_of_an_app_that_does_not_serve_comes_with_the_reason_and_a_wildcard_is_none(run: Run, host: Host) -> None:
    run("apps:create", "blog")
    run("domains:set", "blog", "one.org", "*.one.org")
    assert run("urls", "blog") == (0, "http://one.org\n", "")
    deploy(host, "blog", TREE)
    assert run("urls", "blog") == (0, "http://one.org\n", "")
    for stop, start in (
        (("ps:stop", "blog"), ("ps:start", "blog")),
        (("proxy:disable", "blog"), ("proxy:enable", "blog")),
        (("ps:scale", "blog", "web=0"), ("ps:scale", "blog", "web=1")),
    ):
        run(*stop)
        status, output, error = run("urls", "blog")
        assert (status, output) == (0, "http://one.org\n")
        assert f"{start[0]} blog" in error
        run(*start)
        assert run("urls", "blog") == (0, "http://one.org\n", "")


def test_changed_domains_and_host_ports_reach_the_proxy_without_touching_an_instance(run: Run, host: Host) -> None:
    first = deploy(host, "blog", TREE).instances
    run("domains:set", "blog", "one.org")
    run("ports:set", "blog", "http:8080:5000")
    route = host.proxy().routes["blog"]  # type: ignore[attr-defined]
    assert [str(name) for name in route.domains] == ["one.org"]
    assert [str(port) for port in route.ports] == ["http:8080:5000"]
    assert [one.id for one in host.containers().find_all({})] == [one.id for one in first]


def test_a_changed_container_port_reaches_containers_check_and_route_as_one(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    source_store(host).trees["blog"] = dict(TREE)  # type: ignore[attr-defined]
    assert run("ports:set", "blog", "http:80:3000")[0] == 0

    def asked() -> tuple[set[str], set[int], list[int]]:
        _, serving = current(host, AppName("blog"))
        ids = {one.id for one in serving}
        specs = host.engine().specs  # type: ignore[attr-defined]
        variables = {specs[one].env["PORT"].reveal() for one in ids}
        return variables, {one.port for one in serving}, list(host.proxy().routes["blog"].upstreams)  # type: ignore[attr-defined]

    assert asked() == ({"3000"}, {3000}, [3000])
    for command in ("ps:restart", "ps:rebuild", "releases:rollback", "ps:stop", "ps:start"):
        assert run(command, "blog")[0] == 0, command
        assert asked() == ({"3000"}, {3000}, [3000]), command
    run("ps:scale", "blog", "web=2")
    assert asked() == ({"3000"}, {3000}, [3000])
    run("ports:clear", "blog")
    assert asked() == ({"5000"}, {5000}, [5000])
    run("config:set", "blog", "PORT=4000")
    assert asked() == ({"4000"}, {4000}, [4000])


def test_a_map_to_a_closed_port_is_refused_and_the_old_one_stays(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    host.proxy().closed.add(3000)  # type: ignore[attr-defined]
    status, _, error = run("ports:set", "blog", "http:80:3000")
    assert status == 1
    assert "a request through the proxy does not reach it" in error
    assert run("ports:report", "blog", "--ports-map")[1] == "\n"
    assert list(host.proxy().routes["blog"].upstreams) == [5000]  # type: ignore[attr-defined]


def test_ports_of_a_stopped_app_are_true_when_it_starts(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    run("ps:stop", "blog")
    assert run("ports:set", "blog", "http:80:3000")[0] == 0
    assert run("ps:start", "blog")[0] == 0
    _, serving = current(host, AppName("blog"))
    assert [one.port for one in serving if one.process == "web"] == [3000]
    assert list(host.proxy().routes["blog"].upstreams) == [3000]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "row", ["80", "http:80", "http:80:0", "http:x:1", "gopher:80:80", "http:99999:80", "http:80:80:80"]
)
def test_a_bad_port_is_refused(run: Run, row: str) -> None:
    run("apps:create", "blog")
    assert run("ports:add", "blog", row)[0] == 1
    assert run("ports:report", "blog", "--ports-map")[1] == "\n"


def test_the_same_host_port_twice_is_refused(run: Run) -> None:
    run("apps:create", "blog")
    status, _, error = run("ports:set", "blog", "http:80:3000", "http:80:4000")
    assert status == 1 and "The same scheme:host-port is being reused" in error


def test_ps_scale_shows_and_sets(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert run("ps:scale", "blog", "web=2", "worker=1")[0] == 0
    assert json.loads(run("ps:scale", "blog", "--format", "json")[1]) == {"web": 2, "worker": 1}
    for bad in ("web", "web=-1", "web=x", "clock=1", "web=1001"):
        assert run("ps:scale", "blog", bad)[0] == 1
    assert run("ps:report", "blog", "--running")[1] == "true\n"


def test_an_app_that_was_never_deployed_is_a_warning(run: Run) -> None:
    run("apps:create", "blog")
    for verb in ("ps:restart", "ps:stop", "ps:start"):
        status, _, error = run(verb, "blog")
        assert status == 0 and "has not been deployed" in error


def test_a_dry_run_of_a_property_changes_nothing(run: Run, host: Host) -> None:
    run("apps:create", "blog")
    assert run("ps:set", "--dry-run", "blog", "restart-policy", "always")[0] == 0
    assert run("ps:report", "blog", "--ps-restart-policy")[1] == "\n"


def test_an_unknown_command_is_named(run: Run) -> None:
    status, _, error = run("apps:creat", "blog")
    assert status == 1
    assert "is not a dokku command" in error


def test_every_error_is_a_json_document_when_asked(run: Run) -> None:
    status, out, _ = run("ps:report", "nope", "--format", "json")
    assert status == 20
    assert json.loads(out)["error"] == "app_not_found"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_from_windows_is_the_same_key_and_the_same_variables(
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


def test_a_viewer_reads_its_own_app_and_nothing_else(run: Run, host: Host) -> None:
    for name in ("blog", "shop"):
        run("apps:create", name)
    host.store.write(
        "global", "ssh-keys", data={"keys": {"eve": {"key": "", "fingerprint": "", "role": "viewer", "apps": ["blog"]}}}
    )
    assert run("--quiet", "apps:list", who="key:eve")[1] == "blog\n"
    assert run("ps:report", "blog", who="key:eve")[0] == 0
    for words in (
        ("ps:report", "shop"),
        ("config:show", "blog"),
        ("apps:destroy", "blog", "--force"),
        ("ssh-keys:list",),
    ):
        status, _, error = run(*words, who="key:eve")
        assert status == 1 and "Access denied" in error, words


def test_every_command_declares_a_permission_and_has_help(run: Run, host: Host) -> None:
    for entry in host.registry.group("dokkupy.commands").values():
        group = host.registry.load(entry)
        assert group.help
        for command in group.commands.values():
            assert command.help, command.full_name
            status, out, _ = run(*command.full_name.split(" "), "--help")
            assert status == 0 and "Usage" in out, command.full_name


def test_quiet_counts_behind_the_command_too(run: Run) -> None:
    run("apps:create", "blog")
    assert run("apps:list", "--quiet") == (0, "blog\n", "")
    assert run("apps:list")[1] == "=====> My Apps\nblog\n"


def test_json_is_imported_and_an_unknown_format_is_refused(run: Run) -> None:
    run("apps:create", "blog")
    assert run("config:import", "blog", "--format", "json", stdin='{"A": "x y", "B": 2, "C": true}')[0] == 0
    assert json.loads(run("config:export", "blog", "--format", "json")[1]) == {"A": "x y", "B": "2", "C": "true"}
    for bad in ("[1]", "{", '{"A": null}', "[" * 100_000):
        assert run("config:import", "blog", "--format", "json", stdin=bad)[0] == 1
    status, _, error = run("config:import", "blog", stdin="A=1")
    assert status == 1 and "Install dokkupy-dotenv" in error


def test_a_value_that_cannot_be_an_environment_variable_is_refused_and_not_shown(run: Run) -> None:
    run("apps:create", "blog")
    status, _, error = run("config:import", "blog", "--format", "json", stdin='{"GOOD": "1", "BAD": "hush\\u0000"}')
    assert status == 1 and "BAD" in error and "NUL" in error and "hush" not in error
    status, _, error = run("config:set", "blog", "GOOD=1", "BAD=hush\udcff")
    assert status == 1 and "BAD" in error and "UTF-8" in error and "hush" not in error
    assert json.loads(run("config:export", "blog", "--format", "json")[1]) == {}


def test_a_key_that_is_not_on_record_may_do_nothing(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    for words in (["config:show", "blog"], ["logs", "blog"], ["apps:exists", "blog"], ["ps:report", "blog"]):
        assert run(*words, who="key:gone")[0] != 0, words


def rotated(run: Run, host: Host) -> None:
    """v1 has OLD=leaked and KEY=first; since then OLD is unset, KEY has another value and NEW is set."""
    run("apps:create", "blog")
    run("config:set", "--no-restart", "blog", "OLD=leaked", "KEY=first", "SAME=1")
    deploy(host, "blog", TREE)
    run("config:unset", "--no-restart", "blog", "OLD")
    run("config:set", "blog", "KEY=second", "NEW=1")


def test_a_rollback_names_the_variables_that_change_and_no_value(run: Run, host: Host) -> None:
    rotated(run, host)
    status, out, error = run("releases:rollback", "blog", "v1")
    assert status == 0
    assert "set again OLD; back to an older value KEY; unset NEW" in error and "--keep-config" in error
    assert not any(value in out + error for value in ("leaked", "first", "second"))
    assert run("config:get", "blog", "OLD")[1] == "leaked\n"


def test_a_rollback_leaves_variables_as_they_are_on_request(run: Run, host: Host) -> None:
    rotated(run, host)
    status, _, error = run("releases:rollback", "blog", "v1", "--keep-config")
    assert (status, error) == (0, "")
    assert run("config:keys", "blog")[1].split() == ["KEY", "NEW", "SAME"]
    assert run("config:get", "blog", "KEY")[1] == "second\n"
    env = current(host, AppName("blog"))[0].env  # type: ignore[union-attr]
    assert {key: env[EnvKey(key)].reveal() for key in ("KEY", "NEW", "SAME")} == {
        "KEY": "second",
        "NEW": "1",
        "SAME": "1",
    }
    assert "OLD" not in env


def test_records_of_builds_of_all_apps_are_pruned_at_once(run: Run, host: Host) -> None:
    for app in ("blog", "shop"):
        for number in range(3):
            deploy(host, app, {**TREE, "version": str(number)})
    run("builds:set", "--global", "retention", "1")
    count = lambda app: len(json.loads(run("builds:list", app, "--format", "json")[1]))  # noqa: E731
    assert (count("blog"), count("shop")) == (3, 3)
    status, _, error = run("builds:prune")
    assert status == 1 and "Please specify an app" in error
    assert run("builds:prune", "--all-apps")[0] == 0
    assert (count("blog"), count("shop")) == (1, 1)
