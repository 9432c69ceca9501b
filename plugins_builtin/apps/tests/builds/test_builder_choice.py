"""Which builder makes an app's image, and the error if it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dokkupy.errors import AppError, HostError
from dokkupy.host import Host
from dokkupy.model.build import Build, Image, Source
from dokkupy.model.checks import Readiness
from dokkupy.model.names import AppName
from dokkupy.model.release import Release
from dokkupy_apps.builds import builder_choice
from dokkupy_apps.builds.builder_choice import choose_builder
from dokkupy_sdk.roles import Builder
from dokkupy_sdk.testing import fake_host

MISSING = Readiness("not-installed", "the program pack is not installed", "Install it: https://example.com/pack")


def builder(certainty: int, state: Readiness) -> Builder:
    class Fixed(Builder):
        def prepare(self) -> Readiness:
            return state

        def detect(self, source: Source) -> int:
            return certainty

        def build(self, build: Build) -> Image:
            raise NotImplementedError

    return Fixed()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path)


def chosen(host: Host, monkeypatch: pytest.MonkeyPatch, **builders: tuple[int, Readiness]) -> str:
    made: dict[str, Any] = {name: builder(*facts) for name, facts in builders.items()}
    monkeypatch.setattr(type(host.registry), "group", lambda self, group: made if group == "dokkupy.builder" else {})
    monkeypatch.setattr(builder_choice, "builder_of", lambda host, name: made[name])
    monkeypatch.setattr(host.hooks, "ask", lambda *args, **facts: None)
    return choose_builder(host, Source(AppName("blog"), Path(host.root), "git-hook"))


def test_most_certain_builder_is_chosen(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(host, monkeypatch, pack=(0, MISSING), a=(40, Readiness()), b=(80, Readiness())) == "b"


@pytest.mark.parametrize(
    ("certainty", "expected", "asked"),
    [(100, "dockerfile", {"dockerfile"}), (80, "buildpacks", {"dockerfile", "buildpacks"})],
)
def test_builder_of_the_serving_release_stays_while_the_source_has_its_file_and_no_other_is_asked(
    host: Host, monkeypatch: pytest.MonkeyPatch, certainty: int, expected: str, asked: set[str]
) -> None:
    serving = Release(AppName("blog"), 1, "sha256:1", "", "git-hook", builder="dockerfile")
    monkeypatch.setattr(builder_choice, "current", lambda host, app: (serving, ()))
    seen: set[str] = set()

    def chosen_of(name: str, own: int) -> Builder:
        one = builder(own, Readiness())
        detect = one.detect
        monkeypatch.setattr(one, "detect", lambda source: (seen.add(name), detect(source))[1])
        return one

    made = {"buildpacks": chosen_of("buildpacks", 100), "dockerfile": chosen_of("dockerfile", certainty)}
    monkeypatch.setattr(type(host.registry), "group", lambda self, group: made if group == "dokkupy.builder" else {})
    monkeypatch.setattr(builder_choice, "builder_of", lambda host, name: made[name])
    assert choose_builder(host, Source(AppName("blog"), Path(host.root), "git-hook")) == expected
    assert seen == asked


def test_source_for_a_builder_that_is_not_installed_names_other_builders_and_the_command(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HostError, match="is for the builder pack, .* the program pack is not installed") as caught:
        chosen(
            host,
            monkeypatch,
            pack=(90, MISSING),
            nix=(70, MISSING),
            dockerfile=(80, Readiness()),
            buildpacks=(45, Readiness()),
        )
    assert caught.value.details == ("Other builders that can build this source: dockerfile, buildpacks.",)
    assert "dokkupy builder:set blog selected dockerfile" in caught.value.hint and "https://" in caught.value.hint


def test_source_that_no_other_builder_can_build_names_only_the_remedy(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HostError) as caught:
        chosen(host, monkeypatch, pack=(90, MISSING), dockerfile=(0, Readiness()))
    assert caught.value.details == () and caught.value.hint == MISSING.remedy


def test_source_that_no_builder_knows_names_the_installed_builders(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AppError) as caught:
        chosen(host, monkeypatch, dockerfile=(0, Readiness()))
    assert "Installed builders: dockerfile" in caught.value.hint
