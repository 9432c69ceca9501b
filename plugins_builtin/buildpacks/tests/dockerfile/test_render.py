"""The Dockerfile: who runs, what is quoted, what a cache and a layer may see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_buildpacks import settings as settings_module

from plugins_builtin.buildpacks.tests.conftest import Bench
from plugins_builtin.buildpacks.tests.sources import DJANGO, FLASK


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
