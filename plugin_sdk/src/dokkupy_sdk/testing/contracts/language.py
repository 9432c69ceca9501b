"""The contract of a language of the buildpacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from dokkupy_sdk.buildpack import Context, Language, Plan, Tree
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.testing.fakes import write_tree

PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(=\S+)?")


class LanguageContract:
    """Fixtures to give: `language`, and `files`, a source that it knows and can start without a Procfile."""

    @pytest.fixture
    def language(self) -> Language:
        raise NotImplementedError("give the language under test")

    @pytest.fixture
    def files(self) -> Mapping[str, str]:
        raise NotImplementedError("give path -> text of a source")

    @pytest.fixture
    def tree(self, files: Mapping[str, str], tmp_path: Path) -> Tree:
        (tmp_path / "source").mkdir()
        write_tree(tmp_path / "source", files)
        return Tree(tmp_path / "source")

    @pytest.fixture
    def plan(self, language: Language, tree: Tree) -> Plan:
        return language.plan(tree, Context())

    def test_it_knows_its_own_source(self, language: Language, tree: Tree) -> None:
        assert 0 < language.detect(tree) <= 100

    def test_it_does_not_know_an_empty_source(self, language: Language, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        assert language.detect(Tree(tmp_path / "empty")) == 0

    def test_the_same_source_gives_the_same_plan(self, language: Language, tree: Tree, plan: Plan) -> None:
        assert language.plan(tree, Context()) == plan

    def test_looking_changes_nothing_of_the_source(self, language: Language, tree: Tree) -> None:
        def content() -> dict[str, bytes]:
            return {str(path): path.read_bytes() for path in tree.root.rglob("*") if path.is_file()}

        before = content()
        language.detect(tree)
        language.plan(tree, Context())
        assert content() == before

    def test_a_procfile_overrides_the_default_command_of_web(self, language: Language, tree: Tree, plan: Plan) -> None:
        assert plan.processes.get("web")
        assert language.plan(tree, Context(procfile=True)).language == plan.language

    def test_stages_and_copies_refer_to_each_other(self, plan: Plan) -> None:
        names: list[str] = []
        for stage in plan.stages:
            assert re.fullmatch(r"[a-z][a-z0-9-]*", stage.name) and stage.name not in (*names, "base", "assets")
            assert not stage.after or stage.after in names
            names.append(stage.name)
        assert plan.copies and all(not one.stage or one.stage in names for one in plan.copies)

    def test_its_programs_can_be_had_without_a_registry(self, plan: Plan) -> None:
        chain = plan.toolchain
        assert chain.debian, "no suite of Debian has it"
        for name in (*chain.build_packages, *chain.run_packages, *plan.packages, *plan.build_packages):
            assert PACKAGE.fullmatch(name), name

    def test_files_are_of_the_source_and_caches_are_absolute(self, plan: Plan) -> None:
        for stage in plan.stages:
            for step in stage.steps:
                assert all(not name.startswith("/") and ".." not in name.split("/") for name in step.files)
                assert all(name.startswith("/") for name in step.caches)
                assert "\x00" not in step.command

    def test_a_link_in_place_of_a_file_is_an_error_or_nothing(self, language: Language, tree: Tree) -> None:
        for path in [path for path in tree.root.rglob("*") if path.is_file()]:
            text = path.read_bytes()
            path.unlink()
            path.symlink_to("/etc/passwd")
            found = ""
            try:
                language.detect(tree)
                found = repr(language.plan(tree, Context()))
            except DokkupyError as error:
                found = f"{error.message} {error.hint}"
            assert "root:" not in found, path
            path.unlink()
            path.write_bytes(text)
