"""Which docker options reach a build."""

from __future__ import annotations

import pytest
from dokkupy_docker.builds.client import candidates, has_buildx, major_version
from dokkupy_docker.builds.options import ValidatedOptions, validate

pytestmark = pytest.mark.unit


def kit(*words: str, env: tuple[str, ...] = ()) -> ValidatedOptions:
    return validate(words, env, buildkit=True, buildx=True)


def test_build_argument_takes_its_value_from_the_configuration_not_from_the_argv() -> None:
    found = kit("--build-arg", "TOKEN", env=("TOKEN", "OTHER"))
    assert found.words == ("--build-arg", "TOKEN")
    assert found.keys == ("TOKEN",)


def test_build_argument_without_a_value_anywhere_is_left_to_the_dockerfile() -> None:
    assert kit("--build-arg", "TOKEN").words == ()


def test_build_argument_with_a_value_is_passed_on_as_given() -> None:
    assert kit("--build-arg=A=1; $(id)").words == ("--build-arg", "A=1; $(id)")


@pytest.mark.parametrize("key", ["DOCKER_HOST", "PATH", "LD_PRELOAD", "HOME", "BUILDKIT_HOST", "DOCKER_CONFIG"])
def test_variable_that_configures_the_client_is_never_taken_from_the_app(key: str) -> None:
    for words in (("--build-arg", key), ("--secret", f"id=x,env={key}"), ("--secret", f"id={key}")):
        found = kit(*words, env=(key,))
        assert found.words == ()
        assert found.keys == ()
        assert key in found.remarks[0]


@pytest.mark.parametrize(
    "option",
    [
        "--tag=dokku/other:latest",
        "-t",
        "--output=type=local,dest=/",
        "--iidfile=/x",
        "--file=/etc/passwd",
        "--metadata-file=/x",
        "--push",
    ],
)
def test_option_that_dokkupy_sets_itself_is_refused_with_a_remark(option: str) -> None:
    found = kit(option, "x") if option == "-t" else kit(option)
    assert found.words == ()
    assert len(found.remarks) == 1


def test_options_of_other_commands_are_left_out_silently_as_in_dokku() -> None:
    assert kit("-v", "/:/host", "--privileged", "--volume=/:/host", "--restart", "always") == ValidatedOptions(())


def test_text_that_is_not_an_option_never_becomes_an_argument() -> None:
    assert kit("/etc", "-", "--", "--no-cache", "/etc").words == ("--no-cache",)


def test_classic_builder_gets_no_buildkit_options() -> None:
    found = validate(("--secret", "id=a,src=/x", "--network", "host", "--memory=1g"), (), buildkit=False, buildx=False)
    assert found.words == ("--network", "host", "--memory", "1g")
    assert "--secret" in found.remarks[0]


def test_buildkit_gets_no_options_of_the_classic_builder() -> None:
    found = kit("-m", "1g", "--target", "web", "--squash")
    assert found.words == ("--target", "web")
    assert len(found.remarks) == 1
    assert found.limits == {"--memory": "1g"}  # by a cgroup


def test_version_of_a_client_is_parsed_from_its_output() -> None:
    assert major_version("Docker version 20.10.24+dfsg1, build 297e128") == 20
    assert major_version("Docker version 28.2.2, build e6534b4") == 28
    assert major_version("podman") == 0


def test_same_client_under_two_names_counts_once(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    program = tmp_path / "one" / "docker"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "two" / "docker").symlink_to(program)
    assert candidates(f"{tmp_path}/one:{tmp_path}/two:{tmp_path}/none") == [str(program)]


def test_buildx_is_found_where_the_client_looks_for_it(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert not has_buildx(str(tmp_path), ())
    plugin = tmp_path / ".docker" / "cli-plugins" / "docker-buildx"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("")
    plugin.chmod(0o755)
    assert has_buildx(str(tmp_path), ())


@pytest.mark.parametrize("key", ["BUILDKIT_CACHE_MOUNT_NS", "BUILDKIT_SYNTAX"])
def test_build_argument_that_leaves_the_app_s_own_build_is_ignored_with_a_remark(key: str) -> None:
    for words in ((f"--build-arg={key}=x",), ("--build-arg", key)):
        found = kit(*words, env=(key,))
        assert (found.words, found.keys) == ((), ()) and key in found.remarks[0]
