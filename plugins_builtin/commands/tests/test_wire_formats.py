"""The exact interface of Dokku's clients: arguments, standard output, standard error and exit status."""

from __future__ import annotations

import json
import re

import pytest
from dokkupy.cli.declare import COMMANDS
from dokkupy.host import Host
from dokkupy_apps.testing import deploy

from plugins_builtin.commands.tests.conftest import Run

WARNING = " !     You haven't deployed any applications yet\n"
TREE = {"Procfile": "web: serve\nworker: work\nrelease: migrate\n"}

BEFORE_ANY_APP = [
    (("version",), 0, "dokku version 0.38.27\n", ""),
    (("--version",), 0, "dokku version 0.38.27\n", ""),
    (("apps:list",), 0, "", WARNING),
    (("apps:exists", "blog"), 20, "", " !     App blog does not exist\n"),
    (("ps:report",), 0, "", WARNING),
    (("apps:report", "--global", "--app-global-disable-autocreation"), 0, "\n", ""),
]

OF_AN_APP = [
    (("apps:list",), 0, "=====> My Apps\nblog\n", ""),
    (("apps",), 0, "=====> My Apps\nblog\n", ""),
    (("--quiet", "apps:list"), 0, "blog\n", ""),
    (("apps:list", "--format", "json"), 0, '["blog"]\n', ""),
    (("apps:exists", "blog"), 0, "", ""),
    (("apps:locked", "blog"), 1, "", " !     Deploy lock does not exist\n"),
    (("config:get", "blog", "NOPE"), 1, "", ""),
    (("config:get", "blog", "KEY"), 0, "value\n", ""),
    (("config:get", "--quoted", "blog", "KEY"), 0, "'value'\n", ""),
    (("config:keys", "blog"), 0, "KEY\n", ""),
    (("config:show", "blog"), 0, "=====> blog env vars\nKEY:  value\n", ""),
    (("--quiet", "config:show", "blog"), 0, "KEY:  value\n", ""),
    (("config:export", "blog"), 0, "export KEY='value'\n", ""),
    (("config:export", "--format", "shell", "blog"), 0, "KEY='value'\n", ""),
    (("config:export", "--format", "json", "blog"), 0, '{"KEY": "value"}\n', ""),
    (("config:export", "--format", "envfile", "blog"), 0, 'KEY="value"\n', ""),
    (("config:export", "--format", "docker-args-keys", "blog"), 0, "--env=KEY\n", ""),
    (("domains:report", "blog", "--domains-app-vhosts"), 0, "blog.example.com\n", ""),
    (("domains:report", "blog", "--domains-app-enabled"), 0, "true\n", ""),
    (("domains:report", "--global", "--domains-global-vhosts"), 0, "example.com\n", ""),
    (("ps:report", "blog", "--deployed"), 0, "false\n", ""),
    (("ps:report", "blog", "--running"), 0, "false\n", ""),
    (("ps:scale", "blog"), 0, "-----> Scaling for blog\nproctype: qty\n--------: ---\nweb: 1\n", ""),
    (("--quiet", "ps:scale", "blog"), 0, "web: 1\n", ""),
    (("ports:report", "blog", "--ports-map"), 0, "\n", ""),
    (("ports:report", "blog", "--ports-map-detected"), 0, "http:80:5000\n", ""),
    (("ps:restart", "blog"), 0, "", " !     App blog has not been deployed\n"),
    (("builds:cancel", "blog"), 0, "-----> App not currently deploying\n", ""),
    (("urls", "blog"), 0, "http://blog.example.com\n", ""),
    (("url", "blog"), 0, "http://blog.example.com\n", ""),
]


@pytest.mark.parametrize(("words", "status", "out", "error"), BEFORE_ANY_APP, ids=str)
def test_an_empty_host_answers_as_dokku(run: Run, words: tuple[str, ...], status: int, out: str, error: str) -> None:
    assert run(*words) == (status, out, error)


@pytest.fixture
def app(run: Run) -> str:
    run("domains:add-global", "example.com")
    run("apps:create", "blog")
    run("config:set", "blog", "KEY=value")
    return "blog"


@pytest.mark.parametrize(("words", "status", "out", "error"), OF_AN_APP, ids=str)
def test_an_app_answers_as_dokku(run: Run, app: str, words: tuple[str, ...], status: int, out: str, error: str) -> None:
    assert run(*words) == (status, out, error)


@pytest.mark.parametrize(
    ("words", "status", "out", "error"), [row for row in OF_AN_APP if "--global" not in row[0]], ids=str
)
def test_app_may_be_given_by_flag_or_environment_variable(
    run: Run, app: str, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], status: int, out: str, error: str
) -> None:
    rest = [word for word in words if word != app]
    assert run("--app", app, *rest) == (status, out, error)
    assert run(*rest, f"--app={app}") == (status, out, error)
    monkeypatch.setenv("DOKKU_APP_NAME", app)
    assert run(*rest) == (status, out, error)
    assert run(*words) == (status, out, error)


TAKES_MANY = (("ps:restart", "blog"), ("ps:scale", "blog"), ("--quiet", "ps:scale", "blog"))
"""Command lines that take more arguments than those of the row."""


@pytest.mark.parametrize(
    ("words", "status", "out", "error"), [row for row in OF_AN_APP if row[0] not in TAKES_MANY], ids=str
)
def test_arguments_past_the_last_one_are_ignored_with_a_warning(
    run: Run, app: str, words: tuple[str, ...], status: int, out: str, error: str
) -> None:
    found = run(*words, app, "surplus")
    assert found[:2] == (status, out) and found[2].endswith(error)
    assert re.match(r" !     Ignored: (blog )?surplus \(usage: [a-z:-]+( .*)?\)\n", found[2])
    assert run(*words, app)[2].endswith(error)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ("config:set", "FOO=secret", "B=c"),
            " !     The app is missing before FOO=...\n !     Use: config:set blog FOO=... B=...\n",
        ),
        (
            ("ps:scale", "web=2"),
            " !     The app is missing before web=...\n !     Use: ps:scale blog web=...\n",
        ),
        (
            ("ports:set", "http:80:5000"),
            " !     The app is missing before http:80:5000\n !     Use: ports:set blog http:80:5000\n",
        ),
    ],
    ids=str,
)
def test_a_line_without_its_app_says_so(run: Run, app: str, words: tuple[str, ...], error: str) -> None:
    assert run(*words) == (1, "", error)


def test_another_error_of_a_line_without_an_app_stays(run: Run, app: str) -> None:
    status, _, error = run("config:set", "1A=b", "--global")
    assert status == 1 and "The app is missing" not in error


@pytest.mark.parametrize("words", [("apps:create", "Blog"), ("apps:create", "a=b"), ("config:keys", "a=b")], ids=str)
def test_a_bad_name_of_an_app_keeps_the_words_of_dokku(run: Run, app: str, words: tuple[str, ...]) -> None:
    assert run(*words)[2].startswith(f" !     App name '{words[1]}' is invalid. App name must begin with lowercase")


@pytest.mark.parametrize(
    "words",
    [
        ("apps:list", "--no-such"),
        ("config:get", "blog", "KEY", "--no-such"),
        ("apps:create", "other", "--no-such"),
        ("version", "--no-such"),
    ],
    ids=str,
)
def test_an_unknown_flag_stays_an_error(run: Run, app: str, words: tuple[str, ...]) -> None:
    status, out, error = run(*words)
    assert (status, out) == (1, "")
    assert error.startswith(" !     unknown flag: --no-such\n")
    assert run("apps:exists", "other")[0] == 20


def test_every_report_has_the_headers_and_columns_of_dokku(run: Run, app: str, host: Host) -> None:
    for namespace, entry in host.registry.group(COMMANDS).items():
        if "report" not in host.registry.load(entry).commands:
            continue
        _, shown, error = run(f"{namespace}:report", app)
        header, *lines = shown.splitlines()
        assert header.startswith(f"=====> {app} ") and header.endswith(" information"), namespace
        assert error == ""
        for line in lines:
            assert line.startswith("       ") and line[7] != " ", line
            label, _, value = line.partition(":")
            assert not value or len(label) >= 37 or (line[37] == " " and line[38] != " "), line
        assert run(f"{namespace}:report", "--global")[1].startswith("=====> global "), namespace
        assert not run("--quiet", f"{namespace}:report", app)[1].startswith("=====>"), namespace


def test_json_of_every_report_has_each_value_under_both_names(run: Run, app: str, host: Host) -> None:
    prefixes = {"apps": "app", "certs": "ssl"}
    for namespace, entry in host.registry.group(COMMANDS).items():
        if "report" not in host.registry.load(entry).commands:
            continue
        found = json.loads(run(f"{namespace}:report", app, "--format", "json")[1])
        prefix = prefixes.get(namespace, namespace) + "-"
        for short in [key for key in found if not key.startswith(prefix)]:
            assert found[prefix + short] == found[short], (namespace, short)


def test_the_reports_of_several_apps_are_one_json_document_a_line(run: Run, app: str) -> None:
    run("apps:create", "wiki")
    documents = [json.loads(line) for line in run("apps:report", "--format", "json")[1].splitlines()]
    assert [one["app"] for one in documents] == ["blog", "wiki"]


def test_an_info_flag_together_with_json_is_an_error(run: Run, app: str) -> None:
    message = "--format flag cannot be specified when specifying an info flag"
    status, out, error = run("ps:report", app, "--running", "--format", "json")
    assert (status, json.loads(out)["message"], error) == (1, message, f" !     {message}\n")


def test_created_at_is_in_seconds_since_the_epoch(run: Run, app: str) -> None:
    assert run("apps:report", app, "--app-created-at")[1].strip().isdigit()


def test_version_names_dokku_and_dokkupy(run: Run) -> None:
    _, shown, _ = run("version", "--verbose")
    assert shown.startswith("dokku version 0.38.27\ndokkupy version ")
    assert set(json.loads(run("version", "--format", "json")[1])) == {"dokku", "dokkupy"}


def test_ports_that_were_set_are_listed_in_columns(run: Run, app: str) -> None:
    status, out, error = run("ports:list", app)
    assert (status, out) == (1, "")
    assert error.startswith(" !     No port mappings configured for app\n")
    run("ports:set", app, "http:80:5000", "https:443:5000")
    rows = "http   80   5000\nhttps  443  5000\n"
    assert run("--quiet", "ports:list", app) == (0, rows, "")
    heading = "-----> Port mappings for blog\n-----> scheme  host port  container port\n"
    wide = "http           80         5000\nhttps          443        5000\n"
    assert run("ports:list", app) == (0, heading + wide, "")


@pytest.mark.parametrize("row", ["http:80:5000", "http:80:6000"])
def test_adding_a_port_that_exists_fails(run: Run, app: str, row: str) -> None:
    run("ports:set", app, "http:80:5000")
    message = " !     The same scheme:host-port is being reused: http:80\n"
    assert run("ports:add", app, row) == (1, "", message)


def test_ps_scale_lists_the_release_task(run: Run, app: str, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert run("--quiet", "ps:scale", app) == (0, "release: 0\nweb: 1\nworker: 0\n", "")


@pytest.mark.parametrize("option", ["--kind=none", "--status=none"])
def test_an_unknown_kind_or_status_of_builds_is_an_error(run: Run, app: str, option: str) -> None:
    status, out, error = run("builds:list", app, option)
    assert (status, out) == (1, "") and error.startswith(" !     ")


def test_the_help_of_a_bare_namespace_is_the_help_of_its_group(run: Run, host: Host) -> None:
    for namespace, entry in host.registry.group(COMMANDS).items():
        if host.registry.load(entry).bare:
            assert run(namespace, "--help") == run(f"{namespace}:help"), namespace
    assert run("apps:list", "--help")[1].startswith("Usage: dokku apps:list")


def test_the_report_of_everything_writes_nothing_to_standard_error(run: Run, app: str) -> None:
    for words in (("report",), ("report", app), ("report", "--all")):
        status, out, error = run(*words)
        assert (status, error) == (0, "") and out.startswith("-----> uname:")


def test_the_report_of_everything_shows_a_key_only_the_apps_that_it_may_see(run: Run, host: Host) -> None:
    run("apps:create", "blog")
    run("apps:create", "wiki")
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    assert run("report", "blog", who="key:dev")[0] == 0
    for words in (("report", "wiki"), ("builds:list", "wiki"), ("run:logs", "wiki")):
        assert run(*words, who="key:dev")[2].startswith(" !     Access denied\n"), words
    assert "wiki" not in run("report", "--all", who="key:dev")[1]


def test_a_domain_with_a_leading_dot_is_the_name_and_all_below_it(run: Run, app: str, host: Host) -> None:
    deploy(host, app, TREE)
    assert run("domains:set", app, ".example.org")[0] == 0
    assert run("domains:report", app, "--domains-app-vhosts") == (0, ".example.org\n", "")
    assert set(host.proxy().routes[app].domains) == {"example.org", "*.example.org"}  # type: ignore[attr-defined]
    assert run("urls", app) == (0, "http://example.org\n", "")
    assert run("domains:remove", app, ".example.org")[0] == 0
    assert run("domains:report", app, "--domains-app-vhosts") == (0, "\n", "")


@pytest.mark.parametrize("address", ["2001:db8::1", "[2001:DB8::1]", "192.0.2.1"])
def test_an_address_is_a_global_domain_below_which_no_app_has_a_name(run: Run, address: str) -> None:
    run("apps:create", "blog")
    assert run("domains:set-global", address)[0] == 0
    plain = address.strip("[]").lower()
    assert run("domains:report", "--global", "--domains-global-vhosts") == (0, f"{plain}\n", "")
    assert run("domains:report", "blog", "--domains-app-vhosts") == (0, "\n", "")


@pytest.mark.parametrize("name", ["2001:db8::zz", "1:2", "_", ".example.com", "a..b", "host:80"])
def test_a_global_domain_is_a_host_name_or_an_address(run: Run, name: str) -> None:
    status, out, error = run("domains:set-global", name)
    assert (status, out) == (1, "") and error.startswith(" !     ")


def test_rename_also_renames_domains_that_come_from_the_app_name(run: Run, app: str) -> None:
    run("domains:add", app, "www.example.org")
    assert run("apps:rename", app, "diary")[0] == 0
    assert run("domains:report", "diary", "--domains-app-vhosts") == (0, "diary.example.com www.example.org\n", "")


def test_name_with_a_certificate_is_listed_with_https_and_http(run: Run, app: str, host: Host) -> None:
    from dokkupy.model.names import Domain
    from dokkupy.model.proxy import Certificate
    from dokkupy_apps.routing import routes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "certificates_of", lambda host, app: {Domain("blog.example.com"): Certificate("c", "k")})
        urls = "https://blog.example.com\nhttp://blog.example.com\n"
        assert run("urls", app) == (0, urls, "")
        assert run("url", app) == (0, "https://blog.example.com\n", "")


def test_a_type_that_no_procfile_names_runs_the_image_s_own_command(run: Run, app: str, host: Host) -> None:
    deploy(host, app, {"Dockerfile": "FROM scratch\n"})
    assert run("ps:scale", app, "worker=2")[0] == 0
    assert run("--quiet", "ps:scale", app) == (0, "web: 1\nworker: 2\n", "")
    assert run("ps:report", app, "--processes") == (0, "3\n", "")
    deploy(host, app, {"Dockerfile": "FROM scratch\n", "b": ""})
    assert run("--quiet", "ps:scale", app) == (0, "web: 1\nworker: 2\n", "")
    assert run("ps:report", app, "--status-worker.2")[1].startswith("running ")


def test_a_type_that_the_procfile_does_not_have_is_not_scaled_up(run: Run, app: str, host: Host) -> None:
    deploy(host, app, TREE)
    for name in ("clock", "release"):
        message = f" !     {name} is not a valid process name to scale up\n"
        assert run("ps:scale", app, f"{name}=1")[::2] == (1, message)
    message = " !     wbe is not a valid process name to scale up\n !     Did you mean web?\n"
    assert run("ps:scale", app, "wbe=2")[::2] == (1, message)
    # The output of `ps:scale` is also valid as its arguments.
    assert run("ps:scale", app, "release=0", "web=1", "worker=0")[0] == 0


def test_ps_inspect_is_one_json_list(run: Run, app: str, host: Host) -> None:
    assert run("ps:inspect", app) == (0, "[]\n", "")
    deploy(host, app, TREE)
    found = json.loads(run("ps:inspect", app)[1])
    assert [one["Name"] for one in found] == ["blog.web.1"] and "value" not in json.dumps(found)


def test_missing_variable_is_an_error_only_in_json(run: Run, app: str) -> None:
    assert run("config:get", app, "NOPE") == (1, "", "")
    status, out, error = run("config:get", app, "NOPE", "--format", "json")
    found = json.loads(out)
    assert (status, error, found["error"], found["exit_code"], found["value"]) == (1, "", "not_set", 1, None)
