"""Follow docs/how-to/extend-dokkupy.md: the plugin that `plugin:new` writes, with every block, passes its tests."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from dokkupy_sdk.scaffold import write_plugin

from tests.docs.markdown import ROOT, blocks
from tests.docs.test_scaffolds import install, run

PLACE = re.compile(r"(?P<how>Append|Write)(?P<types> below `if TYPE_CHECKING:` of)?(?: to)? `(?P<file>[^`]+)`:")
TYPES = "if TYPE_CHECKING:\n"


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new plugin with every recipe."""
    source = tmp_path_factory.mktemp("extend") / "dokkupy-greeter"
    write_plugin("greeter", str(source))
    for block in blocks(ROOT / "docs/how-to/extend-dokkupy.md"):
        if not block.language:
            continue
        place = PLACE.fullmatch(block.before)
        assert place, block.before
        file = source / place["file"]
        old = file.read_text() if place["how"] == "Append" else ""
        if place["types"]:
            assert old.count(TYPES) == 1
            file.write_text(old.replace(TYPES, TYPES + block.text))
        else:
            file.write_text(f"{old}\n\n{block.text}" if old else block.text)
    install(source, "greeter")
    return source


def test_a_new_plugin_with_every_recipe_passes_its_tests(plugin: Path) -> None:
    done = run(plugin, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


@pytest.mark.process
def test_a_new_plugin_with_every_recipe_is_typed_strictly(plugin: Path) -> None:
    done = run(plugin, "-m", "mypy", "--cache-dir", os.devnull)
    assert done.returncode == 0, done.stdout + done.stderr
