"""Options, networks and connections as values."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from dokkupy_docker.engine_api import api
from dokkupy_docker.instances.drain import established
from dokkupy_docker.network import free_addresses, free_subnet
from dokkupy_docker.options.stored import divided
from dokkupy_docker.options.translate import SHORT, body_of
from dokkupy_docker.options.values import size
from dokkupy_docker.roles.containers import confine
from dokkupy_docker.scheduler import masked
from dokkupy_sdk import Host
from dokkupy_sdk.cli import Group
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("text", ['{"a": [1, -2.5e3, "x\\u00e9", null, true]}\n', "[]", ' "\\ud83d\\ude00" ', "3"])
def test_the_quick_reading_of_json_reads_what_json_reads(text: str) -> None:
    assert api.parsed(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "nothing", '{"a"}', "{} {}"])
def test_what_is_no_json_is_refused_by_the_quick_reading_too(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        api.parsed(text.encode())


def test_a_query_is_quoted_as_the_standard_library_quotes_it() -> None:
    text = '{"label": ["dokkupy.app=blög"]} /:@&?#%~'
    assert api.quoted(text) == quote(text, safe="/:@")


def test_options_become_the_engines_own_words() -> None:
    body = body_of(
        ["-v", "/data:/data", "--memory=512m", "--cpus", "0.5", "-e", "A=b", "--label", "x=y", "--init=false"]
    )
    assert body["HostConfig"] == {"Binds": ["/data:/data"], "Memory": 512 << 20, "NanoCpus": 500_000_000, "Init": False}
    assert (body["Env"], body["Labels"]) == (["A=b"], {"x": "y"})


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "99999:80"],
        ["-p", "80-82:80"],
        ["--name=x"],
        ["--rm"],
        ["--health-interval", "soon"],
        ["--nonsense", "1"],
        ["--memory", "lots"],
        ["x"],
        ["--volume"],
    ],
)
def test_an_option_that_cannot_be_used_is_refused_by_name(words: list[str]) -> None:
    with pytest.raises(UserError):
        body_of(words)


def test_a_subnet_is_free_of_all_others() -> None:
    assert free_subnet([]) == "10.208.0.0/24"
    assert free_subnet(["10.208.0.0/24", "172.17.0.0/16", "fd00::/64", ""]) == "10.208.1.0/24"
    with pytest.raises(HostError):
        free_subnet(["10.208.0.0/12"])


def test_addresses_leave_the_gateway_and_the_taken_out() -> None:
    assert free_addresses("10.208.0.0/24", ["10.208.0.3"], 2) == ["10.208.0.2", "10.208.0.4"]
    with pytest.raises(HostError, match="free addresses"):
        free_addresses("10.208.0.0/30", [], 2)


def test_established_connections_are_counted_by_port() -> None:
    table = (
        "  sl  local_address rem_address   st\n"
        "   0: 00000000:1388 00000000:0000 0A\n"
        "   1: 0200D00A:1388 0100D00A:C350 01\n"
        "   2: 0200D00A:C351 0100D00A:1388 01\n"
    )
    assert established(table, 5000) == 1


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


SIZES = {
    "512": 512,
    "1b": 1,
    "1k": 1 << 10,
    "1KB": 1 << 10,
    "1KiB": 1 << 10,
    "512m": 512 << 20,
    "512MB": 512 << 20,
    "0.5g": 512 << 20,
    "2 GB": 2 << 30,
    "1t": 1 << 40,
}


@pytest.mark.parametrize("text", SIZES)
def test_a_size_is_read_as_docker_reads_it(text: str) -> None:
    assert size(text) == SIZES[text]


OPTIONS = {
    "-p 127.0.0.1:8080:80": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}},
    "-p 53:53/udp": {"PortBindings": {"53/udp": [{"HostIp": "", "HostPort": "53"}]}},
    "--publish [::1]:1-2:1-2": {"PortBindings": {f"{n}/tcp": [{"HostIp": "::1", "HostPort": f"{n}"}] for n in (1, 2)}},
    "-P": {"PublishAllPorts": True},
    "--device-read-bps /dev/sda:1mb": {"BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": 1 << 20}]},
    "--sysctl net.core.somaxconn=1024": {"Sysctls": {"net.core.somaxconn": "1024"}},
    "--memory-swap -1": {"MemorySwap": -1},
    "--gpus device=0,1": {"DeviceRequests": [{"Driver": "", "Capabilities": [["gpu"]], "DeviceIDs": ["0", "1"]}]},
    "--uts host --cgroupns=host --group-add video": {"UTSMode": "host", "CgroupnsMode": "host", "GroupAdd": ["video"]},
    "--mount type=tmpfs,target=/t,tmpfs-size=1m": {
        "Mounts": [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1 << 20}}]
    },
}


@pytest.mark.parametrize("text", OPTIONS)
def test_any_option_of_docker_becomes_a_part_of_the_create_call(text: str) -> None:
    body = body_of(shlex.split(text))
    assert {key: value for key, value in body["HostConfig"].items()} == OPTIONS[text]


def test_every_option_of_the_docker_client_is_known_or_refused_with_its_reason() -> None:
    """Against the client of this machine, so that an option of a later docker shows."""
    shown = subprocess.run(["docker", "create", "--help"], capture_output=True, text=True, check=True).stdout
    for name, kind in re.findall(r"^\s+(?:-\w, )?(--[\w-]+)(?: (\w+))?", shown, re.M):
        value = "1" if kind else "true"
        try:
            body_of([f"{SHORT.get(name, name)}={value}"])
        except UserError as error:
            assert "is not an option" not in error.message, name


def test_a_health_check_of_options_is_the_engine_s() -> None:
    body = body_of(["--health-cmd", "curl -f localhost", "--health-interval=1m30s", "--health-retries", "3"])
    assert body["Healthcheck"] == {"Test": ["CMD-SHELL", "curl -f localhost"], "Interval": 90 * 10**9, "Retries": 3}


DIVIDED = {
    ("-v /a:/b",): ["-v /a:/b"],
    ("-v /a:/b --label x",): ["-v /a:/b", "--label x"],
    ("-v /a:/b", "-v /c:/d"): ["-v /a:/b", "-v /c:/d"],
    ("-v", "/a:/b", "--label=x"): ["-v /a:/b", "--label=x"],
    ('--label a="b c"',): ['--label a="b c"'],
    ("--label", "a=b c"): ["--label 'a=b c'"],
    ("--label", "'a=b c'"): ["--label 'a=b c'"],
    ("--memory-swap", "-1"): ["--memory-swap -1"],
    ("--label $(id)",): ["--label $(id)"],
}


@pytest.mark.parametrize("words", DIVIDED)
def test_options_are_divided_at_their_flags_and_kept_as_they_were_typed(words: tuple[str, ...]) -> None:
    assert divided(words) == DIVIDED[words]


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


def test_a_command_that_opens_an_app_prints_what_it_means(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    for option, word in (("-p 8080:80", "past the proxy"), ("--network host", "joins"), ("--link db:db", "lets")):
        assert word in typed(host, capsys, "docker-options:add", "blog", "deploy", option)[2]
    assert typed(host, capsys, "docker-options:add", "blog", "deploy", "-v /a:/b") == (0, "", "")


def test_a_linked_container_is_a_guest_of_the_app(host: Host) -> None:
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
    # What an admin gave to all types, or to one, is not given to another by somebody else.
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
def test_a_deployer_says_how_the_own_image_is_built(
    deployer: Host, capsys: pytest.CaptureFixture[str], option: str, status: int
) -> None:
    assert typed(deployer, capsys, "docker-options:add", "blog", "build", option)[0] == status


@pytest.mark.parametrize(
    "phase, words", [("deploi", ["-v /a:/b"]), ("deploy", ["-p 80:80:80:80"]), ("deploy", ["'"]), ("deploy", [])]
)
def test_bad_docker_options_change_nothing(host: Host, phase: str, words: list[str]) -> None:
    with pytest.raises(UserError):
        command("add")(host, AppName("blog"), phase, words)
    assert host.store.read("apps", "blog", "docker-options") == {}


def test_the_engine_s_answer_shows_no_value_of_the_environment() -> None:
    found = {"Id": "1", "Name": "/blog.web.1", "Config": {"Env": ["A=secret", "B=", "C"], "Image": "x"}}
    shown = masked(found)
    assert shown["Config"]["Env"] == ["A=*******", "B=*******", "C=*******"]
    assert {**shown, "Config": {}} == {**found, "Config": {}} and shown["Config"]["Image"] == "x"


@pytest.mark.parametrize(
    ("words", "security", "dropped", "pids"),
    [
        ([], ["no-new-privileges"], ["NET_RAW"], 4096),
        (["--security-opt", "seccomp=unconfined"], ["seccomp=unconfined", "no-new-privileges"], ["NET_RAW"], 4096),
        (["--security-opt", "no-new-privileges:false"], ["no-new-privileges:false"], ["NET_RAW"], 4096),
        (["--cap-add", "cap_net_raw"], ["no-new-privileges"], None, 4096),
        (["--cap-add", "ALL"], ["no-new-privileges"], None, 4096),
        (["--cap-drop", "ALL"], ["no-new-privileges"], ["ALL", "NET_RAW"], 4096),
        (["--pids-limit", "-1"], ["no-new-privileges"], ["NET_RAW"], -1),
        (["--privileged"], None, None, 4096),
    ],
)
def test_containers_are_confined_but_for_what_an_option_allows_by_name(
    words: list[str], security: list[str] | None, dropped: list[str] | None, pids: int
) -> None:
    host = body_of(words)["HostConfig"]
    confine(host)
    assert (host.get("SecurityOpt"), host.get("CapDrop"), host["PidsLimit"]) == (security, dropped, pids)
