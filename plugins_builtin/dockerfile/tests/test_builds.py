"""What the engine is given to build, and what is refused before."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from dokkupy_dockerfile.builder import DockerfileBuilder
from dokkupy_sdk.errors import AppError, Denied, UserError
from dokkupy_sdk.model import Image

from plugins_builtin.dockerfile.tests.conftest import Bench


def build(bench: Bench, *options: str, env: dict[str, str] | None = None) -> Image:
    return DockerfileBuilder(bench.host).build(bench.build(*options, env=env))


def test_engine_is_given_the_source_its_dockerfile_the_options_and_the_labels(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\nEXPOSE 3000\n"})
    image = build(bench, "--build-arg", "TOKEN", env={"TOKEN": "x"})
    ((given, text),) = bench.engine.built
    assert given.context == bench.source and given.dockerfile == bench.source / "Dockerfile"
    assert text.startswith("FROM scratch")
    assert given.options == ("--build-arg", "TOKEN") and given.env["TOKEN"].reveal() == "x"
    assert image.labels["com.dokku.app-name"] == "blog"
    assert [str(port) for port in image.ports] == ["http:3000:3000"]


@pytest.mark.parametrize(
    "source", ["http://127.0.0.1/x", "https://[::1]:8080/x", "http://169.254.169.254/latest", "http://0x7f.1/", "$ANY"]
)
def test_add_that_would_reach_the_host_is_refused_before_the_build(bench: Bench, source: str) -> None:
    bench.write({"Dockerfile": f"FROM scratch\nADD {source} /x\n"})
    with pytest.raises(AppError, match="ADD .* download") as refused:
        build(bench)
    assert refused.value.code == "forbidden_address" and refused.value.hint and not bench.engine.built


@pytest.mark.parametrize(
    "source", ["https://192.0.0.9/x", "http://192.168.7.7/x", "https://no-such-name.invalid/x", "x.tar"]
)
def test_add_from_elsewhere_is_built(bench: Bench, source: str) -> None:
    bench.write({"Dockerfile": f"FROM scratch\nADD {source} /x\n"})
    build(bench)
    assert len(bench.engine.built) == 1


def test_add_from_the_web_is_given_to_the_engine_through_a_relay_that_serves_meanwhile(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\nADD https://192.0.0.9/x /x\n", "Dockerfile.dockerignore": "y"})
    build(bench)
    build(bench)
    (first, text), (_, again) = bench.engine.built
    found = re.fullmatch(r"FROM scratch\nADD http://(127\.[0-9.]+):(\d+)/https://192.0.0.9/x /x\n", text)
    assert found and again == text and first.dockerfile != bench.source / "Dockerfile"
    with socket.socket() as closed:
        assert closed.connect_ex((found[1], int(found[2]))) != 0


@pytest.mark.parametrize("source", ["git@example.com:a.git", "https://example.com/a.git#main"])
def test_add_of_a_repository_is_refused_with_the_step_that_clones_it(bench: Bench, source: str) -> None:
    bench.write({"Dockerfile": f"FROM scratch\nADD {source} /x\n"})
    with pytest.raises(AppError, match="submodules") as refused:
        build(bench)
    assert "RUN git clone" in refused.value.hint and not bench.engine.built


def test_add_that_only_an_older_frontend_would_read_is_refused(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\nRUN cat <<X\nADD https://192.0.0.9/x /x\nX\n"})
    with pytest.raises(AppError, match="may download from anywhere"):
        build(bench)


@pytest.mark.parametrize(
    "text",
    [
        "# syntax=evil/front:1\nFROM scratch\n",
        "# syntax=127.0.0.1:5000/docker/dockerfile\nFROM scratch\n",
        "// syntax=evil/docker/dockerfile:1\nFROM scratch\n",
        '{"syntax": "evil/front"}',
    ],
)
def test_frontend_that_no_admin_allowed_is_refused_before_the_build(bench: Bench, text: str) -> None:
    bench.write({"Dockerfile": text})
    with pytest.raises(Denied, match="frontend .* is not allowed") as refused:
        build(bench)
    assert "builder-dockerfile:set --global allowed-frontends docker/dockerfile," in refused.value.hint
    assert not bench.engine.built


def test_frontend_of_a_build_argument_is_refused_too(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\n"})
    with pytest.raises(Denied, match="evil/front"):
        build(bench, "--build-arg=BUILDKIT_SYNTAX=evil/front")


@pytest.mark.parametrize("name", ["docker/dockerfile:1", "docker.io/docker/dockerfile:1.7-labs", "mirror.test/front:2"])
def test_frontend_of_docker_and_one_that_an_admin_allowed_is_built(bench: Bench, name: str) -> None:
    properties = {"allowed-frontends": "docker/dockerfile,mirror.test/front"}
    bench.host.store.write("global", "builder-dockerfile", data={"properties": properties})
    bench.write({"Dockerfile": f"# syntax={name}\nFROM scratch\n"})
    build(bench)
    assert len(bench.engine.built) == 1


@pytest.mark.parametrize(
    ("trigger", "message"),
    [("ADD https://192.0.0.9/x /x", "ADD .* download"), ("COPY --from=dokkupy/host-programs:1 / /", "cannot be used")],
)
def test_onbuild_trigger_of_a_base_that_the_engine_has_is_read_before_the_build(
    bench: Bench, trigger: str, message: str
) -> None:
    bench.engine.tags["base:1"] = "sha256:1"
    bench.engine.image_triggers["sha256:1"] = (trigger,)
    bench.write({"Dockerfile": "FROM base:1\n"})
    with pytest.raises((AppError, UserError), match=message):
        build(bench)
    assert not bench.engine.built


def test_image_whose_name_only_the_build_knows_is_refused_with_the_forms_that_are_known(bench: Bench) -> None:
    bench.write({"Dockerfile": "ARG X=xdokku\nFROM ${X#x}/b\n"})
    with pytest.raises(AppError, match="is not known before the build") as refused:
        build(bench)
    assert refused.value.code == "unknown_image" and not bench.engine.built


def test_ports_follow_build_arguments_in_both_spellings(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\nARG A=1\nARG B=2\nEXPOSE $A $B\n"})
    image = build(bench, "--build-arg", "A", "--build-arg=B=4001", env={"A": "4000"})
    assert [port.container for port in image.ports] == [4000, 4001]


def test_ports_come_from_the_image_when_the_dockerfile_has_none(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\n"})
    assert build(bench).ports == ()


def test_dockerfile_that_is_a_link_is_refused(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("FROM scratch\n")
    (bench.source / "Dockerfile").symlink_to(tmp_path / "outside")
    assert DockerfileBuilder(bench.host).detect(bench.build().source) == 100
    with pytest.raises(AppError, match="symbolic link"):
        build(bench)


@pytest.mark.parametrize("name", [".dockerignore", "Dockerfile.dockerignore"])
def test_ignore_file_that_is_a_link_is_refused(bench: Bench, name: str) -> None:
    bench.write({"Dockerfile": "FROM scratch\n"})
    (bench.source / name).symlink_to("/etc/passwd")
    with pytest.raises(AppError, match="symbolic link"):
        build(bench)


def test_directory_of_the_dockerfile_that_is_a_link_is_refused(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "Dockerfile").write_text("FROM scratch\n")
    (bench.source / "sub").symlink_to(tmp_path / "d")
    properties = {"dockerfile-path": "sub/Dockerfile"}
    bench.host.store.write("apps", "blog", "builder-dockerfile", data={"properties": properties})
    with pytest.raises(AppError, match="does not follow"):
        build(bench)


def test_missing_dockerfile_names_the_property(bench: Bench) -> None:
    assert DockerfileBuilder(bench.host).detect(bench.build().source) == 0
    with pytest.raises(AppError, match="Dockerfile is not in the source") as caught:
        build(bench)
    assert "dockerfile-path" in caught.value.hint


def test_marker_of_another_builder_makes_this_one_less_sure(bench: Bench) -> None:
    bench.write({"Dockerfile": "FROM scratch\n", "project.toml": ""})
    assert DockerfileBuilder(bench.host).detect(bench.build().source) < 100
