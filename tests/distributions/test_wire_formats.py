"""The exact output of plugins' commands that clients of Dokku read: standard output, standard error and exit status.

Tests of Dokku's core commands are in plugins_builtin/commands/tests. Messages and formats are those of the reference,
sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy.cli.declare import Command, Group, Parameter, parameters, usage
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.kernel.registry import Registry
from dokkupy.model.names import AppName
from dokkupy_nginx.proxy import NginxProxy
from dokkupy_sdk.settings import Settings
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

REGISTRY = Registry()
GROUPS: dict[str, Group] = {name: REGISTRY.load(entry) for name, entry in REGISTRY.group("dokkupy.commands").items()}
SETTINGS: dict[str, Settings] = {
    name: REGISTRY.load(entry) for name, entry in REGISTRY.group("dokkupy.settings").items()
}
PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk"}))
NODEJS = "https://github.com/heroku/heroku-buildpack-nodejs.git"
NO_CERTIFICATE = " !     An app-specific SSL endpoint is not defined for blog\n"
UNDEPLOYED = " !     App blog has not been deployed\n"
RESOURCES = "".join(
    f"       {name}:\n"
    for name in ("cpu", "memory", "memory-swap", "network", "network-ingress", "network-egress", "nvidia-gpu")
)

BEFORE = (
    ("buildpacks:add", "blog", "heroku/nodejs"),
    ("docker-options:add", "blog", "deploy", "--init"),
    ("docker-options:add", "blog", "run,deploy", "--cpu-shares=2"),
)

ROWS = [
    (("app-json:report", "blog", "--app-json-computed-appjson-path"), 0, "app.json\n", ""),
    (("app-json:set", "blog", "appjson-path", "a.json"), 0, "=====> Setting appjson-path to a.json\n", ""),
    (("app-json:set", "blog", "appjson-path"), 0, "=====> Unsetting appjson-path\n", ""),
    (("--quiet", "app-json:set", "blog", "appjson-path", "a.json"), 0, "", ""),
    (("builder-dockerfile:report", "blog", "--builder-dockerfile-computed-dockerfile-path"), 0, "Dockerfile\n", ""),
    (("builder-lambda:report", "blog", "--builder-lambda-computed-lambdayml-path"), 0, "lambda.yml\n", ""),
    (("builder-nixpacks:report", "blog", "--builder-nixpacks-computed-nixpackstoml-path"), 0, "nixpacks.toml\n", ""),
    (("builder-pack:report", "blog", "--builder-pack-computed-projecttoml-path"), 0, "project.toml\n", ""),
    (("builder-railpack:report", "blog", "--builder-railpack-computed-railpackjson-path"), 0, "railpack.json\n", ""),
    (("buildpacks:list", "blog"), 0, f"-----> blog buildpack urls\n       {NODEJS}\n", ""),
    (("--quiet", "buildpacks:list", "blog"), 0, f"{NODEJS}\n", ""),
    (("buildpacks:list", "blog", "--format", "json"), 0, f'["{NODEJS}"]\n', ""),
    (("buildpacks:report", "blog", "--buildpacks-list"), 0, f"{NODEJS}\n", ""),
    (("buildpacks:report", "blog", "--buildpacks-computed-stack"), 0, "\n", ""),
    (("buildpacks:add", "blog", "nonsense"), 1, "", " !     Invalid buildpack specified: nonsense\n"),
    (("buildpacks:add", "blog", "heroku/go"), 0, "", ""),
    (("buildpacks:set", "blog", "heroku/go"), 0, "", ""),
    (("buildpacks:set", "--replace", "blog", "heroku/go", "a/b"), 0, "", ""),
    (("buildpacks:clear", "blog"), 0, "", ""),
    (("certs:report", "blog", "--ssl-enabled"), 0, "false\n", ""),
    (("certs:report", "blog", "--ssl-hostnames"), 0, "\n", ""),
    (("certs:remove", "blog"), 1, "", NO_CERTIFICATE),
    (("certs:show", "blog", "crt"), 1, "", NO_CERTIFICATE + " !     certs:add blog CRT KEY\n"),
    (("checks:report", "blog", "--checks-disabled-list"), 0, "none\n", ""),
    (("checks:report", "blog", "--checks-skipped-list"), 0, "none\n", ""),
    (("checks:report", "blog", "--checks-computed-wait-to-retire"), 0, "60\n", ""),
    (("checks:enable", "blog"), 0, "-----> Enabling checks for app (blog)\n", ""),
    (("checks:skip", "blog", "web"), 0, "-----> Skipping checks for app (blog)\n", ""),
    (("checks:run", "blog"), 1, "", UNDEPLOYED),
    (("checks:set", "blog", "wait-to-retire", "30"), 0, "=====> Setting wait-to-retire to 30\n", ""),
    (("docker-options:list", "blog", "--phase", "deploy"), 0, "--init\n--cpu-shares=2\n", ""),
    (("docker-options:list", "blog", "--phase", "run"), 0, "--cpu-shares=2\n", ""),
    (("docker-options:list", "blog", "--phase", "build"), 0, "", ""),
    (("docker-options:report", "blog", "--docker-options-deploy"), 0, "--init --cpu-shares=2\n", ""),
    (("docker-options:report", "blog", "--docker-options-build"), 0, "\n", ""),
    (("docker-options:clear", "blog"), 0, "", ""),
    (("docker-options:clear", "blog", "nope"), 1, "", " !     Phase(s) must be one of [build deploy run]\n"),
    (("git:report", "blog", "--git-deploy-branch"), 0, "\n", ""),
    (("git:report", "blog", "--git-computed-deploy-branch"), 0, "master\n", ""),
    (("git:report", "blog", "--git-rev-env-var"), 0, "GIT_REV\n", ""),
    (("git:report", "blog", "--git-sha"), 0, "\n", ""),
    (("git:set", "blog", "deploy-branch", "main"), 0, "=====> Setting deploy-branch to main\n", ""),
    (("logs", "blog"), 1, "", UNDEPLOYED),
    (("logs:report", "blog", "--logs-computed-max-size"), 0, "10m\n", ""),
    (("logs:set", "blog", "max-size", "20m"), 0, "=====> Setting max-size to 20m\n", ""),
    (("resource:limit", "blog"), 0, f"=====> resource limits blog information [defaults]\n{RESOURCES}", ""),
    (("--quiet", "resource:limit", "blog"), 0, RESOURCES, ""),
    (("resource:reserve", "blog"), 0, f"=====> resource reservation blog information [defaults]\n{RESOURCES}", ""),
    (
        ("resource:limit", "--process-type", "web", "blog"),
        0,
        f"=====> resource limits blog information [web]\n{RESOURCES}",
        "",
    ),
    (("resource:limit", "--memory", "64m", "blog"), 0, "=====> Setting resource limits for blog\n", ""),
    (("resource:limit-clear", "blog"), 0, "=====> Clearing resource limits for blog [defaults]\n", ""),
    (("resource:reserve-clear", "blog"), 0, "=====> Clearing resource reservation for blog [defaults]\n", ""),
    (("resource:report", "blog", "--resource-_default_.limit.memory"), 0, "\n", ""),
    (("scheduler:report", "blog", "--scheduler-computed-selected"), 0, "docker-local\n", ""),
    (
        ("scheduler-docker-local:report", "blog", "--scheduler-docker-local-computed-init-process"),
        0,
        "true\n",
        "",
    ),
    (("run:list", "blog", "--format", "json"), 0, "[]\n", ""),
    (("letsencrypt:active", "blog"), 0, "false\n", ""),
    (("letsencrypt:report", "blog", "--letsencrypt-computed-server"), 0, "default\n", ""),
    (("letsencrypt:report", "blog", "--letsencrypt-computed-graceperiod"), 0, "2592000\n", ""),
]
"""Commands of an app. Each is also called with the app by the flag and by the environment, and with additional
arguments."""

OF_NO_APP = [
    (("git:auth-status", "example.com"), 0, "", ""),
    (("git:auth-status", "example.com", "ann", "secret"), 1, "", ""),
    (("plugin:installed", "git"), 0, "", ""),
    (("plugin:installed", "nope"), 1, "", " !     Plugin nope is not installed\n !     List them: plugin:list\n"),
    (("ssh-keys:list",), 0, "", ""),
    (("postgres:list",), 0, "", " !     There are no Postgres services\n"),
    (("postgres:exists", "db"), 1, "", " !     Postgres service db does not exist\n"),
    (("redis:info", "db"), 1, "", " !     Redis service db does not exist\n"),
    (("docker-options:report", "nope"), 20, "", " !     App nope does not exist\n"),
]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=PLUGINS, real=("source",))
    host.override_role("proxy", "nginx", NginxProxy(host))  # its own commands select it by name
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    typed = command_line(host, capsys, monkeypatch)
    typed("apps:create", "blog")
    for words in BEFORE:
        assert typed(*words)[0] == 0
    return typed


@pytest.mark.parametrize(("words", "status", "out", "error"), [*ROWS, *OF_NO_APP], ids=str)
def test_command_answers_like_dokku(run: Run, words: tuple[str, ...], status: int, out: str, error: str) -> None:
    assert run(*words) == (status, out, error)


@pytest.mark.parametrize(("words", "status", "out", "error"), ROWS, ids=str)
def test_app_may_be_given_by_flag_or_environment_variable(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], status: int, out: str, error: str
) -> None:
    rest = [word for word in words if word != "blog"]
    assert run("--app", "blog", *rest) == (status, out, error)
    for setting in BEFORE if words[0].endswith(":clear") else ():  # otherwise nothing is there to clear
        run(*setting)
    monkeypatch.setenv("DOKKU_APP_NAME", "blog")
    if error != " !     Phase(s) must be one of [build deploy run]\n":
        again = run(*rest)
        assert (again[0], again[2]) == (status, error)


def command_of(words: tuple[str, ...]) -> Command:
    namespace, _, verb = next(word for word in words if not word.startswith("--")).partition(":")
    return GROUPS[namespace].commands[verb]


def is_full(words: tuple[str, ...]) -> bool:
    """Whether a command accepts no further argument."""
    items = [item for item in parameters(command_of(words).function) if item.kind in ("argument", "scope", "rest")]
    return not any(item.many for item in items) and len(items) == 1


@pytest.mark.parametrize(("words", "status", "out", "error"), [row for row in ROWS if is_full(row[0])], ids=str)
def test_additional_arguments_are_ignored_with_a_warning(
    run: Run, words: tuple[str, ...], status: int, out: str, error: str
) -> None:
    ignored = f" !     Ignored: surplus (usage: {usage(command_of(words))})\n"
    assert run(*words, "surplus") == (status, out, ignored + error)


SETTERS = [
    (name, "set-property" if "set-property" in GROUPS[name].commands else "set", settings)
    for name, settings in SETTINGS.items()
    if name in GROUPS and settings.listed and name not in ("backups", "storage")
]
"""`:set` commands without an app: backups:set is for the host, and storage:set for an entry."""


@pytest.mark.parametrize(("name", "verb", "settings"), SETTERS, ids=[one[0] for one in SETTERS])
def test_every_set_command_refuses_like_dokku(run: Run, host: Host, name: str, verb: str, settings: Settings) -> None:
    known = ", ".join(sorted(settings.listed))
    invalid = f" !     Invalid property specified, valid properties include: {known}\n"
    assert run(f"{name}:{verb}", "blog", "no-such", "x") == (1, "", invalid)
    assert run(f"{name}:{verb}", "blog") == (1, "", " !     No property specified\n")
    for prop in settings.listed.values():
        if prop.scope == "app":
            refused = " !     Property cannot be specified globally\n"
            assert run(f"{name}:{verb}", "--global", prop.name, "x") == (1, "", refused)
        elif prop.scope == "global":
            refused = " !     Property can only be specified globally\n"
            assert run(f"{name}:{verb}", "blog", prop.name, "x") == (1, "", refused)


OF_APPS = [
    command
    for group in GROUPS.values()
    for command in group.commands.values()
    if not command.hidden
    and (items := [one for one in parameters(command.function) if one.kind not in ("option", "unknown-flags")])
    and (items[0].kind == "scope" or items[0].convert is AppName)
    and items[0].required
]
FREE = {"apps:create", "events"}
"""Commands that accept the name of an app that does not exist."""


def test_every_command_for_an_unknown_app_exits_with_20(run: Run) -> None:
    answers = {}
    for command in (one for one in OF_APPS if one.full_name not in FREE):
        items = [
            one for one in parameters(command.function) if one.required and one.kind in ("argument", "scope", "rest")
        ]
        words = [command.full_name, "nope", *(word for one in items[1:] for word in plausible(one))]
        status, _, error = run(*words)
        if (status, error) != (20, " !     App nope does not exist\n"):
            answers[" ".join(words)] = (status, error)
    assert answers == {}


SAMPLES = {
    "phase(s)": "deploy",
    "KEY": "KEY",
    "KEY=VALUE": "KEY=value",
    "DOMAIN": "a.example.com",
    "release": "v1",
    "from": "v1",
    "to": "v2",
    "scheme:host-port:container-port": "http:80:5000",
    "source:directory[:options]": "/srv/x:/opt/x",
    "source:directory": "/srv/x:/opt/x",
    "host-port|scheme:host-port:container-port": "80",
}


def plausible(item: Parameter) -> Iterator[str]:
    yield SAMPLES.get(item.metavar, "web")
