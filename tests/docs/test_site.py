"""The documentation as a web site: one command builds it, its menu has every page, and its search finds commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, ROOT / "docs/site.py", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_menu_has_every_page(site: Path) -> None:
    assert "README/" in (site / "index.html").read_text()
    start = (site / "README" / "index.html").read_text()
    for page in sorted((ROOT / "docs").rglob("*.md")):
        address = str(page.relative_to(ROOT / "docs").with_suffix(""))
        assert (site / address / "index.html").exists()
        assert address == "README" or f'href="../{address}/"' in start, address


def test_search_finds_the_content_of_pages(site: Path) -> None:
    assert (site / "search" / "index.html").exists()
    assert "letsencrypt" in (site / "searchindex.js").read_text()


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    """Pages use no fonts, scripts or pictures of other servers, so the site works without the internet."""
    page = (site / "how-to" / "backups" / "index.html").read_text()
    loaded = [part.split('"', 1)[0] for part in page.split('src="')[1:]]
    loaded += [tag.split('href="')[1].split('"')[0] for tag in page.split("<link ")[1:] if 'rel="stylesheet"' in tag]
    assert loaded and not [one for one in loaded if one.startswith(("http", "//"))]
