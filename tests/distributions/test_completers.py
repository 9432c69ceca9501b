"""Each parameter that takes a value knows what could stand there, for Tab and for "Did you mean"; and nobody is offered what
others own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy.cli.declare import Command, Group, Parameter, parameters, placeholder
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.model.secret import Secret
from dokkupy_client import completion as client_completion
from dokkupy_sdk import completion
from dokkupy_sdk.completion import Typed, candidates, completer_of, matching, offered
from dokkupy_sdk.entry import loaded
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import command_line
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName

from tests.distributions.populated import populate

PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk"}))

FREE = {
    "a new name": ("alias", "directory", "host-name", "to"),
    "a secret": (
        "aws-access-key-id",
        "aws-secret-access-key",
        "host-key",
        "passphrase",
        "password",
        "PASSWORD",
        "root-password",
    ),
    "a user of another server": ("username", "USERNAME", "GIT_USER GIT_EMAIL", "public-key-id"),
    "an address": (
        *("ARCHIVE_URL", "REPOSITORY", "source", "url", "endpoint-url", "bucket-name", "aws-default-region"),
        *("[address:]port", "scheme:host-port:container-port"),
    ),
    "an image of any registry": ("image", "IMAGE"),
    "a file, which the shell completes": (
        "CRT",
        "FILE",
        "KEY",
        "file",
        "build-dir",
        "path",
        "source:directory[:options]",
        "volume",
    ),
    "part of another repository": ("branch", "committish", "GIT_REF"),
    "a time": ("since", "until", "cron", "schedule", "verify"),
    "an amount": ("lines", "memory", "memory-swap", "read-data-subset", "shm-size", "mode"),
    "text": ("annotation", "custom-env", "config-options", "grep", "label", "querystring"),
    "a command, or options of another program": ("command", "argument", "option", "volume-options"),
    "what only a container knows": ("as-user", "volume-subpath"),
}
"""The parameters without a completer, by the reason. Numbers and options without effect are not listed."""
REASONS = {name: reason for reason, names in FREE.items() for name in names}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return fake_host(tmp_path_factory.mktemp("host"), plugins=PLUGINS, real=("source",))


def commands(host: Host) -> Iterator[Command]:
    groups: dict[str, Group] = dict(loaded(host))
    for group in groups.values():
        yield from (one for one in group.commands.values() if not one.hidden)


def with_values(command: Command) -> list[Parameter]:
    return [one for one in parameters(command.function) if one.kind != "unknown-flags" and not one.is_bool]


def name_of(item: Parameter) -> str:
    return item.flags[0].strip("-") if item.kind == "option" else item.metavar


def test_every_parameter_with_a_value_has_a_completer_or_a_reason(host: Host) -> None:
    lacking: dict[str, list[str]] = {}
    datastores = {*host.registry.group("dokkupy.datastore")} - {"redis"}  # all have the same commands
    for command in (one for one in commands(host) if one.group.namespace not in datastores):
        for item in with_values(command):
            if completer_of(host, item) is None and not item.inert and placeholder(item) != "NUMBER":
                lacking.setdefault(name_of(item), []).append(command.full_name)
    assert {name: used for name, used in lacking.items() if name not in REASONS} == {}
    assert set(REASONS) - set(lacking) == set()


def test_a_name_to_be_made_is_not_completed_with_the_names_that_exist(host: Host) -> None:
    offering = [
        f"{command.full_name} {name_of(item)}"
        for command in commands(host)
        for item in with_values(command)
        if name_of(item).startswith("new-") and offered(host, item, Typed(command, None, []))
    ]
    assert offering == []


LINES = (
    "apps:create mine",
    "apps:create theirs",
    "config:set --no-restart theirs THEIRS_KEY=1",
    "config:set --global --no-restart THEIRS_GLOBAL=1",
    "domains:add theirs theirs.example.com",
    "domains:add-global theirs.example.org",
    "ports:add theirs http:8080:5000",
    "network:create theirs-net",
    "storage:create theirs-data",
    "storage:mount theirs theirs-data --container-dir /theirs",
    "http-auth:add-user theirs theirs-user secret",
    "git:auth theirs.example.net theirs-login secret",
    "cron:set --global task.theirs-task @daily tick",
)
NAMES = {
    *("theirs", "THEIRS_KEY", "THEIRS_KEY=", "THEIRS_GLOBAL", "theirs.example.com", "theirs.example.org", "theirs-net"),
    *("theirs-data", "/theirs", "theirs-user", "theirs.example.net", "theirs-task", "theirs-db", "theirs-key"),
    *("redis:theirs-db", "app:theirs"),
}

LINES_BEFORE: tuple[tuple[str | None, list[str], bool], ...] = (
    (None, [], False),
    (None, [], True),
    ("theirs", ["theirs"], False),
    (None, ["redis", "theirs-db"], False),
)


@pytest.fixture
def shared(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host where a deployer has the app `mine`, and everything else has `theirs` in its name."""
    host = fake_host(tmp_path / "dokkupy", plugins=PLUGINS, real=("source",))
    (Path(host.root).parent / "dokku" / "data" / "storage").mkdir(parents=True)
    run = command_line(host, capsys, monkeypatch)
    for line in LINES:
        status, _, error = run(*line.split())
        assert status == 0, f"{line}: {error}"
    keys = {"ann": {"role": "deployer", "apps": ["mine"]}, "theirs-key": {"role": "admin", "apps": []}}
    host.store.write("global", "ssh-keys", data={"keys": keys})
    secret = Secret("secret")
    service = Service(
        kind="redis",
        name=ServiceName("theirs-db"),
        id="1",
        image="redis:8",
        image_id="sha256:1",
        version="8",
        volume="theirs-volume",
        database="db",
        user="db",
        password=secret,
        root_password=secret,
        created_at="2026-01-01T00:00:00Z",
    )
    host.store.save(service, "redis", "theirs-db")
    return host


def everything(host: Host) -> dict[str, str]:
    """What Tab offers anywhere, with a command that offers it."""
    found: dict[str, str] = {}
    datastores = {*host.registry.group("dokkupy.datastore")} - {"redis"}  # all have the same commands
    for command in (one for one in commands(host) if one.group.namespace not in datastores):
        for item in with_values(command):
            if completer_of(host, item) is not None:
                for app, words, everywhere in LINES_BEFORE:
                    typed = Typed(command, app, words, is_global=everywhere)
                    found |= dict.fromkeys(offered(host, item, typed), command.full_name)
    return found


def test_a_deployer_is_offered_no_name_of_what_others_own(shared: Host) -> None:
    assert NAMES - set(everything(shared)) == set()  # an admin is offered all of it
    offered_to_ann = everything(shared.for_invocation(who="key:ann"))
    assert {name: command for name, command in offered_to_ann.items() if "theirs" in name.lower()} == {}
    assert "mine" in offered_to_ann


def test_after_a_comma_one_more_value_is_offered(host: Host) -> None:
    assert matching(candidates(host, ["docker-options:clear", "blog"], "build,de"), "build,de") == ["build,deploy"]
    assert matching(["build", "deploy"], "build,deploy,") == []
    assert matching(["--apps=blog", "--apps=shop"], "--apps=blog,s") == ["--apps=blog,shop"]


def test_a_flag_is_completed_after_its_equals_sign(host: Host) -> None:
    assert matching(candidates(host, ["builds:list", "blog"], "--status=can"), "--status=can") == ["--status=canceled"]


@pytest.mark.parametrize(
    ("verb", "meant"),
    [
        ("create", "apps:create"),
        ("destroy", "apps:destroy"),
        ("restart", "ps:restart"),
        ("start", "ps:start"),
        ("rollback", "releases:rollback APP blog"),
        ("promote", "nats:promote or mongo:promote or mysql:promote"),
    ],
)
def test_a_verb_is_taken_for_that_of_apps_before_that_of_services(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str, meant: str
) -> None:
    status, _, error = command_line(host, capsys, monkeypatch)(verb, "blog")
    assert (status, error.rpartition(" !     ")[2]) == (1, f"Did you mean {meant}?\n")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("network:set mine attach-post-create ", "theirs-net"),
        ("network:set --global initial-network theirs-net ", "theirs-net"),
        ("apps:list --format ", "yaml"),
        ("apps:list --format=", "--format=csv"),
        ("apps:report --format json ", "mine"),
    ],
)
def test_values_that_are_names_of_the_host_are_offered(shared: Host, line: str, offered: str) -> None:
    *before, last = line.split(" ")
    assert offered in candidates(shared, before, last)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("network:set mine attach-post-create theris-net", "theirs-net"),
        ("ps:report mine --ps-restrt-policy", "--ps-restart-policy"),
        ("redis:info theirs-db --exposed-prts", "--exposed-ports"),
        ("apps:list --format yamll", "yaml"),
    ],
)
def test_a_mistyped_value_flag_or_form_is_answered_with_the_one_that_was_meant(
    shared: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str, meant: str
) -> None:
    status, _, error = command_line(shared, capsys, monkeypatch)(*line.split())
    assert status and f"Did you mean {meant}" in error


@pytest.mark.parametrize(
    ("found", "last"),
    [
        (["build", "deploy", "run"], "d"),
        (["build", "deploy", "run"], "build,"),
        (["build", "deploy", "run"], "build,b"),
        (["--apps=blog", "--apps=shop"], "--apps=blog,s"),
        (["--apps=blog", "--apps=shop"], "--apps=x"),
        ([], "a,b"),
    ],
)
def test_a_laptop_offers_what_the_host_offers(found: list[str], last: str) -> None:
    """The client has the rule once more, because it is installed without the SDK."""
    assert client_completion.matching(found, last) == completion.matching(found, last)


@pytest.mark.parametrize(
    ("line", "flag", "meant"),
    [
        ("ps:report blog", "--runing", "--running"),
        ("ps:report blog", "--ps-restart-polcy", "--ps-restart-policy"),
        ("domains:report", "--domains-app-vhost", "--domains-app-vhosts"),
        ("redis:info cache", "--dns", "--dsn"),
        ("redis:info cache", "--exposed-port", "--exposed-ports"),
    ],
)
def test_an_info_flag_is_completed_and_is_what_did_you_mean_names(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    flag: str,
    meant: str,
) -> None:
    host = fake_host(tmp_path / "disk" / "dokkupy", plugins=PLUGINS)
    populate(host, monkeypatch, tmp_path)
    words = line.split()
    assert meant in candidates(host, words, "--") and flag not in candidates(host, words, "--")
    status, _, error = command_line(host, capsys, monkeypatch)(*words, flag)
    assert status == 1 and f"Did you mean {meant}" in error
    valid = error.partition("valid flags: ")[2].splitlines()[0].split(", ")
    assert {*valid} <= {*candidates(host, words, "--")}
