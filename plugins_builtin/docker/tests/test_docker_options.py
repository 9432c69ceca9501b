"""`docker-options:*`: who may set which option, and what reaches the containers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_docker.options.stored import options_of
from dokkupy_sdk import Host
from dokkupy_sdk.cli import Group
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path, plugins=("docker",))
    made.store.write("apps", "blog", "app", data={"created_at": "now"})
    return made


def command(name: str):  # type: ignore[no-untyped-def]
    from dokkupy_docker.cli import options_group

    assert isinstance(options_group, Group)
    return options_group.commands[name].function


def test_docker_options_are_kept_by_phase_and_reach_the_containers(host: Host) -> None:
    from dokkupy_docker.hooks import container_options

    blog = AppName("blog")
    command("add")(host, blog, "build,deploy", ["--label 'a=b c'"])
    assert list(container_options(host, blog, "deploy", "")) == ["--label", "a=b c"]
    assert list(container_options(host, blog, "run", "")) == []
    command("remove")(host, blog, "deploy", ["--label", "'a=b c'"])
    assert list(container_options(host, blog, "deploy", "")) == []
    command("clear")(host, blog)
    assert command("list")(host, blog, "build").text == []


def typed(host: Host, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(list(words), host=host)
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_options_of_one_process_reach_it_alone_and_every_report(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    from dokkupy_docker.hooks import container_options

    blog = AppName("blog")
    for words in (("deploy", "-v /a:/b"), ("--process", "worker", "deploy", "--label x=y --cpus 2")):
        flags = words[:2] if words[0].startswith("--") else ()
        assert typed(host, capsys, "docker-options:add", *flags, "blog", *words[len(flags) :])[0] == 0
    assert list(container_options(host, blog, "deploy", "web")) == ["-v", "/a:/b"]
    assert list(container_options(host, blog, "deploy", "worker")) == ["-v", "/a:/b", "--label", "x=y", "--cpus", "2"]
    assert typed(host, capsys, "docker-options:list", "blog", "--phase", "deploy") == (0, "-v /a:/b\n", "")
    alone = ("docker-options:list", "blog", "--process", "worker", "--phase", "deploy")
    assert typed(host, capsys, *alone) == (0, "--label x=y\n--cpus 2\n", "")
    flag = "--docker-options-deploy.worker"
    assert typed(host, capsys, "docker-options:report", "blog", flag) == (0, "--label x=y --cpus 2\n", "")
    report = json.loads(typed(host, capsys, "docker-options:report", "blog", "--format", "json")[1])
    assert report["deploy"] == report["docker-options-deploy"] == "-v /a:/b"
    assert (report["deploy-list"], report["run-list"]) == (["-v /a:/b"], [])
    assert report["deploy.worker-list"] == ["--label x=y", "--cpus 2"]
    assert "Docker options deploy worker:" in typed(host, capsys, "docker-options:report", "blog")[1]
    assert typed(host, capsys, "docker-options:remove", "--process", "worker", "blog", "deploy", "--cpus 2")[0] == 0
    assert list(container_options(host, blog, "deploy", "worker"))[2:] == ["--label", "x=y"]
    assert typed(host, capsys, "docker-options:clear", "blog")[0] == 0
    assert list(container_options(host, blog, "deploy", "worker")) == []


def test_usage_errors_are_dokku_s(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(host, capsys, "docker-options:list", "blog")[:2] == (1, "")
    status, _, error = typed(host, capsys, "docker-options:add", "blog", "launch", "-v /a:/b")
    assert (status, error) == (1, " !     Phase(s) must be one of [build deploy run]\n")
    assert typed(host, capsys, "docker-options:add", "--process", "web", "blog", "run", "-v /a:/b")[0] == 1


def test_command_that_weakens_isolation_prints_what_it_means(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    for option, word in (
        ("-p 8080:80", "past the proxy"),
        ("--network host", "everything in that network"),
        ("--link db:db", "connects that container"),
    ):
        assert word in typed(host, capsys, "docker-options:add", "blog", "deploy", option)[2]
    assert typed(host, capsys, "docker-options:add", "blog", "deploy", "-v /a:/b") == (0, "", "")


def test_linked_container_is_connected_to_the_app_s_network(host: Host) -> None:
    from dokkupy_docker.hooks import linked_containers

    command("add")(host, AppName("blog"), "deploy,run", ["--link dokku.postgres.db:dokku-postgres-db"])
    assert set(linked_containers(host, AppName("blog"))) == {("dokku.postgres.db", "dokku-postgres-db")}


def test_options_reach_the_host_by_an_admin_only(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    host = host.for_invocation(who="key:dev")
    status, _, error = typed(host, capsys, "docker-options:add", "blog", "deploy", "--privileged")
    assert status == 1 and "Access denied" in error


INSIDE = ("-e KEY=value", "--env=KEY=value", "--init", "--read-only", "--stop-signal SIGINT", "--user 1000", "-w /app")

OUTSIDE = (
    "-v /:/host",
    "--mount type=bind,source=/,target=/host",
    "-p 80:5000",
    "--network host",
    "--link db:db",
    "--privileged",
    "--cap-add SYS_ADMIN",
    "--device /dev/sda",
    "--security-opt seccomp=unconfined",
    "--env-file /etc/shadow",
    "--label-file /etc/shadow",
    "--label dokkupy.app=shop",
    "--pid host",
    "--volumes-from shop.web.1",
    "--memory 64g",
    "--cpus 64",
    "--log-driver syslog",
    "--add-host a:host-gateway",
    "--cgroup-parent /",
    "--sysctl net.core.somaxconn=9",
    "--runtime other",
)


@pytest.fixture
def deployer(host: Host) -> Host:
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    host = host.for_invocation(who="key:dev")
    return host


@pytest.mark.parametrize("option", INSIDE)
def test_a_deployer_sets_and_removes_what_stays_inside_the_app(
    deployer: Host, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert typed(deployer, capsys, "docker-options:add", "blog", "deploy,run", option) == (0, "", "")
    assert typed(deployer, capsys, "docker-options:list", "blog", "--phase", "run")[1] == f"{option}\n"
    assert typed(deployer, capsys, "docker-options:remove", "blog", "deploy", option) == (0, "", "")
    assert typed(deployer, capsys, "docker-options:clear", "blog") == (0, "", "")
    assert typed(deployer, capsys, "docker-options:add", "shop", "deploy", option)[0] != 0


@pytest.mark.parametrize("option", OUTSIDE)
def test_a_deployer_neither_sets_nor_removes_what_reaches_the_host(
    deployer: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    status, _, error = typed(deployer, capsys, "docker-options:add", "blog", "run", option)
    assert status == 1 and error.startswith(" !     Access denied\n")
    deployer.store.write("apps", "blog", "docker-options", data={"phases": {"deploy": [option]}})
    for words in (("remove", "blog", "deploy", option), ("clear", "blog"), ("clear", "blog", "deploy")):
        status, _, error = typed(deployer, capsys, f"docker-options:{words[0]}", *words[1:])
        assert status == 1 and "Access denied" in error, words
    # a deployer cannot move an option of an admin from one process type to another
    assert typed(deployer, capsys, "docker-options:add", "--process", "web", "blog", "deploy", option)[0] == 1
    assert deployer.store.read("apps", "blog", "docker-options") == {"phases": {"deploy": [option]}}


@pytest.mark.parametrize(
    ("option", "status"),
    [
        ("--build-arg KEY", 0),
        ("--no-cache", 0),
        ("--target test", 0),
        ("--ssh default", 1),
        ("--network host", 1),
        ("--secret id=a,src=/etc/shadow", 1),
        ("--build-arg --network=host", 1),
        ("--cache-from dokku/shop:latest", 1),
    ],
)
def test_deployer_may_set_build_options_of_the_own_app(
    deployer: Host, capsys: pytest.CaptureFixture[str], option: str, status: int
) -> None:
    assert typed(deployer, capsys, "docker-options:add", "blog", "build", option)[0] == status


@pytest.mark.parametrize(
    "phase, words",
    [
        ("deploi", ["-v /a:/b"]),
        ("deploy", ["-p 80:80:80:80"]),
        ("deploy", ["'"]),
        ("deploy", []),
        *(
            ("deploy", [text])
            for text in ("-v /a:/proc", "-v /a:b", "--tmpfs /dev", "--mount type=bind,source=/a,target=/sys/x")
        ),
        *(("build", [text]) for text in ("--no-cache /etc", "--pull=5", "--build-arg A=b more", "/etc")),
    ],
)
def test_bad_docker_options_change_nothing(host: Host, phase: str, words: list[str]) -> None:
    with pytest.raises(UserError):
        command("add")(host, AppName("blog"), phase, words)
    assert host.store.read("apps", "blog", "docker-options") == {}


@pytest.mark.parametrize("flag", ["--dry-run", "--json", "--format=json", "--process", "--process="])
@pytest.mark.parametrize("verb", ["add", "remove"])
def test_a_flag_of_the_command_is_not_taken_for_an_option_of_docker(
    host: Host, capsys: pytest.CaptureFixture[str], verb: str, flag: str
) -> None:
    assert main(["docker-options:add", "blog", "build", "--build-arg A=1"], host=host) == 0
    kept = host.store.read("apps", "blog", "docker-options")
    assert main([f"docker-options:{verb}", "blog", "build", "--build-arg A=1", flag], host=host) == 1
    name = flag.partition("=")[0]
    assert f"Type it before the app: docker-options:{verb} {name} ..." in capsys.readouterr().err
    assert host.store.read("apps", "blog", "docker-options") == kept


def test_a_process_type_is_also_taken_after_the_app_as_by_dokku(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        typed(host, capsys, "docker-options:add", "blog", "deploy", "--process=web", "--init", "--process", "jobs")[0]
        == 0
    )
    for name in ("web", "jobs"):
        assert options_of(host, AppName("blog"), "deploy", name) == ["--init"]
    assert options_of(host, AppName("blog"), "deploy") == []
    for _ in range(2):  # what is not there is no failure of a script, as in Dokku
        assert typed(host, capsys, "docker-options:remove", "blog", "deploy", "--init", "--process", "web")[0] == 0
    assert options_of(host, AppName("blog"), "deploy", "web") == []


def test_an_option_that_no_build_reads_is_named(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    ignored = " !     --volume has no effect in the phase build\n"
    assert typed(host, capsys, "docker-options:add", "blog", "build", "--volume /a:/b")[::2] == (0, ignored)
    assert ignored in typed(host, capsys, "docker-options:add", "blog", "build,deploy", "--volume=/c:/d")[2]
    assert "no effect" not in typed(host, capsys, "docker-options:add", "blog", "build", "--build-arg A=b")[2]


@pytest.mark.parametrize(
    "option", ["-v /sys:/sys:ro", "-v /dev/shm", "--tmpfs /sys/fs/cgroup", "--mount type=tmpfs,target=/dev/shm"]
)
def test_mounts_that_docker_can_make_are_accepted(host: Host, option: str) -> None:
    command("add")(host, AppName("blog"), "deploy", [option])
    assert host.store.read("apps", "blog", "docker-options")["phases"]["deploy"] == [option]
