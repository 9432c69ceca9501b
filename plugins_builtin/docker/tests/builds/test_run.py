"""Builds by the real docker."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_docker.builds import run as build_module
from dokkupy_docker.builds.client import Client, candidates, find_client
from dokkupy_sdk import Host, registry_access
from dokkupy_sdk.build_caches import caches_of
from dokkupy_sdk.errors import AppError, DokkupyError
from dokkupy_sdk.execute import environment
from dokkupy_sdk.model import Image, RegistryLogin
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.roles import ImageBuild

LABEL = "dokkupy.test"


def docker(*words: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()


class Bench:
    """A context and a run label by which everything that it built is removed."""

    def __init__(self, host: Host, path: Path, run: str) -> None:
        self.host = host
        self.run = run
        self.context = path / "context"
        self.context.mkdir()
        self.tag = f"dokkupy-test/{run}:build"
        self.lines: list[str] = []
        host.out.stream = lambda line, **_: self.lines.append(line)  # type: ignore[method-assign]

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.context / name).write_text(text)

    def build(
        self,
        *options: str,
        env: dict[str, str] | None = None,
        hidden: dict[str, str] | None = None,
        private: str = "",
        app: AppName | None = None,
    ) -> Image:
        return self.host.builds().build(
            ImageBuild(
                context=self.context,
                dockerfile=self.context / "Dockerfile",
                tag=self.tag,
                options=options,
                env={key: Secret(value) for key, value in (env or {}).items()},
                secrets={key: Secret(value) for key, value in (hidden or {}).items()},
                labels={LABEL: self.run, "com.dokku.app-name": "blog"},
                private=Secret(private),
                app=app,
            )
        )


@pytest.fixture
def bench(host: Host, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(host, tmp_path, secrets.token_hex(6))
    yield made
    for image in set(docker("images", "-aq", "--no-trunc", "--filter", f"label={LABEL}={made.run}").split()):
        docker("rmi", "-f", image, check=False)


def test_build_tags_labels_and_streams(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\nCOPY a.txt /a.txt\nEXPOSE 3000\n", "a.txt": "hello"})
    image = bench.build()
    assert docker("inspect", "-f", "{{.Id}}", bench.tag) == image.id
    assert image.labels["com.dokku.app-name"] == "blog"
    assert [str(port) for port in image.ports] == ["http:3000:3000"]
    assert any("COPY a.txt" in line for line in bench.lines)
    assert os.listdir(bench.host.path("tmp", "docker-build")) == []


def test_host_has_a_client_with_buildkit_and_remembers_it(bench: Bench) -> None:
    client = find_client(bench.host)
    assert client.buildkit
    assert find_client(bench.host) == client
    assert Path(bench.host.path("cache", "docker-clients.json")).exists()
    assert bench.host.builds().can_mount()


@pytest.mark.parametrize("classic", [False, True])
def test_both_builders_give_an_image(bench: Bench, image: str, monkeypatch: pytest.MonkeyPatch, classic: bool) -> None:
    if classic:
        program = candidates(environment()["PATH"])[0]
        monkeypatch.setattr(build_module, "find_client", lambda host: Client(program, buildkit=False, buildx=False))
    bench.write({"Dockerfile": f"FROM {image}\nARG TOKEN=none\nRUN echo token-is-$TOKEN\nENV A=$TOKEN\n"})
    bench.build("--build-arg", "TOKEN", "--no-cache", env={"TOKEN": "s3cret", "OTHER": "not-asked-for"})
    text = "\n".join(bench.lines)
    assert "token-is-s3cret" in text
    variables = docker("inspect", "-f", "{{.Config.Env}}", bench.tag)
    assert "A=s3cret" in variables
    assert "not-asked-for" not in docker("history", "--no-trunc", bench.tag) + variables


@pytest.mark.parametrize("by_option", [True, False])
def test_secret_reaches_the_build_and_neither_image_nor_argv(bench: Bench, image: str, by_option: bool) -> None:
    mount = "RUN --mount=type=secret,id=KEY sleep 1; test $(cat /run/secrets/KEY | wc -c) = 11"
    bench.write({"Dockerfile": f"FROM {image}\n{mount}\n"})
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
        if by_option:
            bench.build("--secret", "id=KEY,env=KEY", "--no-cache", env={"KEY": "canary-9137"})
        else:
            bench.build("--no-cache", hidden={"KEY": "canary-9137"})
    finally:
        done.set()
        watcher.join()
    assert seen == []
    assert "canary" not in docker("history", "--no-trunc", bench.tag)
    assert os.listdir(bench.host.path("tmp", "docker-build")) == []


def test_failing_step_ends_the_build_with_its_last_lines_and_no_tag(bench: Bench, image: str) -> None:
    bench.write({"Dockerfile": f"FROM {image}\nRUN echo the-reason && false\n"})
    with pytest.raises(AppError, match="App build failed") as caught:
        bench.build(hidden={"A": "b"})
    assert any("the-reason" in line for line in caught.value.details)
    assert docker("images", "-q", f"dokkupy-test/{bench.run}") == ""
    assert os.listdir(bench.host.path("tmp", "docker-build")) == []


def test_link_in_the_context_is_copied_as_a_link(bench: Bench, image: str) -> None:
    bench.write(
        {
            "Dockerfile": f"FROM {image}\nCOPY . /src/\nRUN test -L /src/shadow && test ! -e /src/secret\n",
            ".dockerignore": "secret\n",
            "secret": "x",
        }
    )
    (bench.context / "shadow").symlink_to("/etc/shadow")
    bench.build("--no-cache")


def test_labels_of_the_user_do_not_replace_ours(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\nLABEL com.dokku.app-name=victim\nCOPY Dockerfile /\n"})
    image = bench.build("--label", "com.dokku.app-name=victim", "--label", f"{LABEL}=other")
    assert image.labels["com.dokku.app-name"] == "blog"
    assert image.labels[LABEL] == bench.run


SLOW = """
import faulthandler, sys
from pathlib import Path
from dokkupy_docker.engine import DockerEngine
from dokkupy_sdk.operation import operation
from dokkupy_sdk.roles import ImageBuild
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.testing import fake_host
faulthandler.dump_traceback_later(25)  # where it hangs, if it does
place = Path({path!r})
host = fake_host(place, plugins=("docker",))
host.out.stream = lambda line, **_: print(line, flush=True)
host.override_role("engine", "fake", DockerEngine(host))
(place / "Dockerfile").write_text("FROM {image}\\nRUN echo started && sleep 61\\n")
with operation(host, "build", "app:blog"):
    host.builds().build(ImageBuild(place, place / "Dockerfile", "dokkupy-test/{run}:build", ("--no-cache",),
                                   secrets={{"A": Secret("b")}}, labels={{{label!r}: {run!r}}}))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_client_and_build_and_leaves_no_tag(
    bench: Bench, image: str, tmp_path: Path, number: signal.Signals
) -> None:
    place = tmp_path / "slow"
    place.mkdir()
    text = SLOW.format(path=str(place), run=bench.run, image=image, label=LABEL)
    process = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "started" in line and "RUN" not in line and "echo" not in line:
            break
    process.send_signal(number)
    process.wait(60)
    assert process.returncode != 0
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(place) not in running
    deadline = time.monotonic() + 60
    while "sleep 61" in running and time.monotonic() < deadline:
        time.sleep(0.2)
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 61" not in running
    assert docker("images", "-q", f"dokkupy-test/{bench.run}") == ""
    assert [entry for found in place.glob("**/tmp/docker-build") for entry in found.iterdir()] == []


CACHED = """\
FROM {image}
ARG WHO
ARG BUILDKIT_CACHE_MOUNT_NS
RUN --mount=type=cache,target=/c --mount=type=cache,id=../c,target=/d echo "$WHO" >>/c/log && echo "$WHO" >>/d/log && \\
    cat /c/log /d/log && echo "ns $BUILDKIT_CACHE_MOUNT_NS"
"""


def test_build_caches_are_those_of_builds_with_the_same_private_text(bench: Bench, image: str) -> None:
    """One app's caches cannot be named by another's Dockerfile, with an id or without, whatever its options say."""
    bench.write({"Dockerfile": CACHED.format(image=image)})
    run, other = f"a-{bench.run}", f"b-{bench.run}"
    bench.build("--build-arg", "WHO=first", private=run)
    bench.build("--build-arg", "WHO=second", private=run)
    seen = printed(bench)
    assert "first" in seen and "second" in seen
    space = caches_of(Secret(run))
    assert "***" in seen and space not in seen and run not in seen
    bench.lines.clear()
    bench.build("--build-arg", "WHO=third", "--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={space}", private=other)
    assert "third" in printed(bench) and "first" not in printed(bench)
    bench.lines.clear()
    bench.build("--build-arg", "WHO=nobody")
    assert "first" not in printed(bench) and "third" not in printed(bench)


def printed(bench: Bench) -> str:
    return "\n".join(line for line in bench.lines if "RUN" not in line)


def test_private_base_is_fetched_with_the_app_s_login_and_is_no_other_app_s(
    bench: Bench, image: str, registry: RegistryLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = f"{registry.server}/team/{bench.run}:1"
    registries = bench.host.image_registries()
    found = bench.host.images().find(image)
    assert found is not None
    registries.push(found.id, ref, registry)
    own = replace(registry, shared=False)
    monkeypatch.setattr(build_module, "logins_of", lambda host, app: {own.server: own} if app == "blog" else {})
    bench.write({"Dockerfile": f"FROM {ref}\nRUN echo private-base\n"})
    for app in (None, AppName("shop")):
        with pytest.raises(AppError) as refused:
            bench.build(app=app)
        assert "registry:login" in refused.value.hint
    bench.build("--no-cache", app=AppName("blog"))
    assert any("private-base" in line for line in bench.lines)
    assert bench.host.images().find(ref) is None
    assert os.listdir(bench.host.path("tmp", "registry-logins")) == []
    with pytest.raises(AppError):
        bench.build(app=AppName("shop"))
    assert registries.digest(ref, registry) is not None and registries.digest(ref, None) is None


def test_shared_login_pulls(host: Host, image: str, registry: RegistryLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = f"{registry.server}/team/{secrets.token_hex(4)}:1"
    found = host.images().find(image)
    assert found is not None
    host.image_registries().push(found.id, ref, registry)
    with pytest.raises(DokkupyError):
        host.images().pull(ref)
    monkeypatch.setattr(registry_access, "logins_of", lambda host, app: {registry.server: registry})
    try:
        assert host.images().pull(ref).id == found.id
    finally:
        host.images().remove(ref)
