"""Our own reading of entry points finds what importlib.metadata finds."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import MetadataPathFinder
from pathlib import Path

import pytest
from dokkupy.kernel.discovery import EntryPoint, entry_points

Found = set[tuple[str, str, str, str, str]]


def ours(path: list[str]) -> Found:
    return {(e.group, e.name, e.module, e.attribute, e.distribution) for e in entry_points(path)}


def of_the_standard_library(path: list[str]) -> Found:
    """The first copy of a distribution on the path counts, as it does for an import."""
    found: Found = set()
    seen = set()
    for distribution in MetadataPathFinder.find_distributions(context(path)):
        name = distribution.metadata["Name"].lower().replace("_", "-")
        entries = {
            (one.group, one.name, one.module, one.attr or "", name)
            for one in distribution.entry_points
            if one.group.startswith("dokkupy.")
        }
        if entries and name not in seen:
            seen.add(name)
            found |= entries
    return found


def context(path: Iterable[str]) -> MetadataPathFinder.Context:  # type: ignore[name-defined]
    from importlib.metadata import DistributionFinder

    return DistributionFinder.Context(path=list(path))


def install(directory: Path, distribution: str, entries: str, *, version: str = "1.0") -> None:
    made = directory / f"{distribution.replace('-', '_')}-{version}.dist-info"
    made.mkdir(parents=True)
    (made / "entry_points.txt").write_text(entries)
    (made / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")


def test_it_finds_the_same_entry_points_as_importlib_metadata() -> None:
    found = ours(sys.path)
    assert {distribution for *_, distribution in found} >= {"dokkupy-core"}
    assert found == of_the_standard_library(sys.path)


ENTRIES = {
    "several groups": "[console_scripts]\ndokkupy = a:run\n\n[dokkupy.commands]\napps = a.cli:group\nps = a.ps:group\n"
    "[dokkupy.proxy]\ncaddy = a.proxy:Caddy\n",
    "a module alone": "[dokkupy.plugins]\nlisten = a.hooks\n",
    "a nested attribute": "[dokkupy.settings]\nproxy = a.settings:Tables.PROXY\n",
    "blanks, comments and empty lines": "# made by hand\n\n  [dokkupy.plugins]\n\n  one=a.hooks  \n# two = b.hooks\n",
    "an extra": "[dokkupy.engine]\npodman = a.engine:Podman [podman]\n",
    "a name with dots": "[dokkupy.handles]\nresource.limit.network = a.limits\n",
    "no group of ours": "[console_scripts]\nrun = a:run\n[pytest11]\nit = a.it\n",
    "a group whose name only contains ours": "[not.dokkupy.commands]\nx = a.x\n",
    "nothing": "",
}


@pytest.mark.parametrize("entries", ENTRIES.values(), ids=list(ENTRIES))
def test_an_entry_points_file_is_read_alike(tmp_path: Path, entries: str) -> None:
    install(tmp_path, "dokkupy-sample", entries)
    assert ours([str(tmp_path)]) == of_the_standard_library([str(tmp_path)])


def test_the_first_of_two_copies_on_the_path_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    install(first, "dokkupy-sample", "[dokkupy.plugins]\nit = new\n", version="2.0")
    install(second, "dokkupy-sample", "[dokkupy.plugins]\nit = old\n")
    path = [str(first), str(tmp_path / "is-not-there"), str(second)]
    assert ours(path) == of_the_standard_library(path)
    assert [entry.module for entry in entry_points(path)] == ["new"]


def test_a_distribution_is_its_name_and_version(tmp_path: Path) -> None:
    entries = "[dokkupy.plugins]\nit = a\n"
    install(tmp_path, "Dokkupy-Sample", entries, version="3.1")
    entry: EntryPoint = entry_points([str(tmp_path)])[0]
    assert (entry.plugin, entry.distribution, entry.version) == ("sample", "dokkupy-sample", "3.1")
