"""Builds by the real docker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import LABEL, Bench, docker
from dokkupy_dockerfile import builder as builder_module
from dokkupy_dockerfile.builder import DockerfileBuilder
from dokkupy_dockerfile.client import Client, candidates, find_client
from dokkupy_sdk.errors import AppFault
from dokkupy_sdk.execute import environment
from dokkupy_sdk.model import Image


def build(bench: Bench, *options: str, env: dict[str, str] | None = None) -> Image:
    return DockerfileBuilder(bench.host).build(bench.build(*options, env=env))


def test_build_tags_labels_and_streams(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\nCOPY a.txt /a.txt\nEXPOSE 3000\n", "a.txt": "hello"})
    image = build(bench)
    assert docker("inspect", "-f", "{{.Id}}", f"dokkupy-test/{bench.run}:build") == image.id
    assert image.labels["com.dokku.app-name"] == "blog"
    assert [str(port) for port in image.ports] == ["http:3000:3000"]
    assert any("COPY a.txt" in line for line in bench.lines)
    assert os.listdir(bench.host.path("tmp", "dockerfile")) == []


def test_host_has_a_client_with_buildkit_and_remembers_it(bench: Bench) -> None:
    client = find_client(bench.host)
    assert client.buildkit
    assert find_client(bench.host) == client
    assert Path(bench.host.path("cache", "docker-clients.json")).exists()
    assert DockerfileBuilder(bench.host).prepare().ready


@pytest.mark.parametrize("classic", [False, True])
def test_both_builders_give_an_image(
    bench: Bench, busybox: str, monkeypatch: pytest.MonkeyPatch, classic: bool
) -> None:
    if classic:
        program = candidates(environment()["PATH"])[0]
        monkeypatch.setattr(builder_module, "find_client", lambda host: Client(program, buildkit=False, buildx=False))
    bench.write({"Dockerfile": f"FROM {busybox}\nARG TOKEN=none\nRUN echo token-is-$TOKEN\nENV A=$TOKEN\n"})
    build(bench, "--build-arg", "TOKEN", "--no-cache", env={"TOKEN": "s3cret", "OTHER": "not-asked-for"})
    text = "\n".join(bench.lines)
    assert "token-is-s3cret" in text
    variables = docker("inspect", "-f", "{{.Config.Env}}", f"dokkupy-test/{bench.run}:build")
    assert "A=s3cret" in variables
    assert "not-asked-for" not in docker("history", "--no-trunc", f"dokkupy-test/{bench.run}:build") + variables


def test_secret_reaches_the_build_and_neither_image_nor_argv(bench: Bench, busybox: str) -> None:
    mount = "RUN --mount=type=secret,id=KEY sleep 1; test $(cat /run/secrets/KEY | wc -c) = 11"
    bench.write({"Dockerfile": f"FROM {busybox}\n{mount}\n"})
    seen: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for entry in os.listdir("/proc"):
                if entry.isdigit():
                    try:
                        words = Path(f"/proc/{entry}/cmdline").read_bytes()
                    except OSError:
                        continue
                    if b"canary-9137" in words:
                        seen.append(words.decode(errors="replace"))
            time.sleep(0.02)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        build(bench, "--secret", "id=KEY,env=KEY", "--no-cache", env={"KEY": "canary-9137"})
    finally:
        done.set()
        watcher.join()
    assert seen == []
    assert "canary" not in docker("history", "--no-trunc", f"dokkupy-test/{bench.run}:build")


def test_ports_come_from_the_image_when_the_dockerfile_has_none(bench: Bench, busybox: str) -> None:
    bench.write({"Dockerfile": f"FROM {busybox}\nEXPOSE 4321\n"})
    build(bench)
    bench.write({"Dockerfile": f"FROM dokkupy-test/{bench.run}:build\nENV Q=1\n"})
    assert [str(port) for port in build(bench).ports] == ["http:4321:4321"]


def test_failing_step_ends_the_build_with_its_last_lines_and_no_tag(bench: Bench, busybox: str) -> None:
    bench.write({"Dockerfile": f"FROM {busybox}\nRUN echo the-reason && false\n"})
    with pytest.raises(AppFault, match="App build failed") as caught:
        build(bench)
    assert any("the-reason" in line for line in caught.value.details)
    assert docker("images", "-q", f"dokkupy-test/{bench.run}") == ""
    assert os.listdir(bench.host.path("tmp", "dockerfile")) == []


def test_dockerfile_that_is_a_link_is_refused(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("FROM scratch\n")
    (bench.source / "Dockerfile").symlink_to(tmp_path / "outside")
    assert DockerfileBuilder(bench.host).detect(bench.build().source) == 100
    with pytest.raises(AppFault, match="symbolic link"):
        build(bench)


@pytest.mark.parametrize("name", [".dockerignore", "Dockerfile.dockerignore"])
def test_ignore_file_that_is_a_link_is_refused(bench: Bench, name: str) -> None:
    bench.write({"Dockerfile": "FROM scratch\n"})
    (bench.source / name).symlink_to("/etc/passwd")
    with pytest.raises(AppFault, match="symbolic link"):
        build(bench)


def test_directory_of_the_dockerfile_that_is_a_link_is_refused(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "Dockerfile").write_text("FROM scratch\n")
    (bench.source / "sub").symlink_to(tmp_path / "d")
    properties = {"dockerfile-path": "sub/Dockerfile"}
    bench.host.store.write("apps", "blog", "builder-dockerfile", data={"properties": properties})
    with pytest.raises(AppFault, match="not followed"):
        build(bench)


def test_link_in_the_context_is_copied_as_a_link(bench: Bench, busybox: str) -> None:
    bench.write({"Dockerfile": f"FROM {busybox}\nCOPY . /src/\nRUN test -L /src/shadow && test ! -e /src/secret\n",
                 ".dockerignore": "secret\n", "secret": "x"})  # fmt: skip
    (bench.source / "shadow").symlink_to("/etc/shadow")
    build(bench, "--no-cache")


def test_missing_dockerfile_names_the_property(bench: Bench) -> None:
    assert DockerfileBuilder(bench.host).detect(bench.build().source) == 0
    with pytest.raises(AppFault, match="Dockerfile is not in the source") as caught:
        build(bench)
    assert "dockerfile-path" in caught.value.hint


def test_marker_of_another_builder_makes_this_one_less_sure(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\n", "project.toml": ""})
    assert DockerfileBuilder(bench.host).detect(bench.build().source) < 100


SLOW = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from conftest import Bench
from dokkupy_dockerfile.builder import DockerfileBuilder
from dokkupy_sdk.operation import operation
bench = Bench(Path({path!r}))
bench.run = {run!r}
bench.write({{"Dockerfile": "FROM {image}\\nRUN echo started && sleep 60\\n"}})
bench.lines.stream = lambda line, error=False: print(line, flush=True)
with operation(bench.host, "build", "app:blog"):
    DockerfileBuilder(bench.host).build(bench.build("--no-cache"))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_client_and_build_and_leaves_no_tag(
    bench: Bench, busybox: str, tmp_path: Path, number: signal.Signals
) -> None:
    place = tmp_path / "slow"
    place.mkdir()
    text = SLOW.format(tests=str(Path(__file__).parent), path=str(place), run=bench.run, image=busybox)
    process = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "started" in line and "RUN" not in line and "echo" not in line:
            break
    process.send_signal(number)
    process.wait(30)
    assert process.returncode != 0
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(place) not in running
    deadline = time.monotonic() + 15
    while "sleep 60" in running and time.monotonic() < deadline:
        time.sleep(0.2)
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert docker("images", "-q", f"dokkupy-test/{bench.run}") == ""
    assert list((place / "root" / "tmp" / "dockerfile").iterdir()) == []


def test_labels_of_the_user_do_not_replace_ours(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\nLABEL com.dokku.app-name=victim\nCOPY Dockerfile /\n"})
    image = build(bench, "--label", "com.dokku.app-name=victim", "--label", f"{LABEL}=other")
    assert image.labels["com.dokku.app-name"] == "blog"
    assert image.labels[LABEL] == bench.run
