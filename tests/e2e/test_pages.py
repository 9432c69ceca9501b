"""Types what the README, the tutorials and the how-tos say, on a newcomer's laptop and at the server, and reads what they show.

`$` is the laptop, which has git, SSH and curl and knows `your-server`; `#` is root at the server. Nothing is put in the place of a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bed import servers
from bed.checkout import ROOT
from bed.host import SOURCE
from bed.laptop import Laptop
from dokkupy_sdk.testing.effort import THOROUGH
from pages import PAGES, UNINSTALL, Page
from reader import Reader, blocks, commands

from tests.e2e.conftest import _started

#: The checkout from which the server was installed, as `git clone` leaves it.
CLONE = f"""
cd {SOURCE} && git init -q -b main && git add -A && git -c user.name=bed -c user.email=bed@localhost commit -q -m checkout
git clone -q {SOURCE} /root/dokkupy
"""


@pytest.fixture(scope="module")
def reader(installed_snapshot: tuple[str, str]) -> Iterator[Reader]:
    """A server on which `./install.sh` ran in a clone, and a laptop whose key root accepts."""
    host = _started(installed_snapshot, "pages")
    laptop = Laptop(host)
    try:
        host.exec(["bash", "-ec", CLONE], env={"HOME": "/root"})
        host.copy_in(laptop.public_key().encode(), "/root/.ssh/authorized_keys")
        # The newest that Debian has, in the place of the images that the pages ask for.
        host.load_image(servers.server("postgres:17"), "postgres:17", "postgres:18")
        yield Reader(host, laptop)
    finally:
        laptop.close()
        host.close()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if THOROUGH or not page.thorough], ids=lambda page: Path(page.path).stem
)
def test_a_reader_gets_what_the_page_shows(reader: Reader, page: Page) -> None:
    assert reader.follow(page)


def test_no_page_is_forgotten() -> None:
    known = {page.path for page in (*PAGES, UNINSTALL)}
    pages = [*(ROOT / "docs/how-to").glob("*.md"), *(ROOT / "docs/tutorial").glob("*.md"), ROOT / "README.md"]
    typed = {
        str(path.relative_to(ROOT))
        for path in pages
        if any(commands(block) for block in blocks(path) if block.language == "console")
    }
    assert typed == known
