"""The documentation as a web site with search, by Sphinx: `make site` (`docs/site.py`)."""

from __future__ import annotations

import re
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent

project = "dokkupy"
extensions = ["myst_parser"]
root_doc = "README"
exclude_patterns = ["requirements.txt", "__pycache__"]
html_theme = "furo"
html_title = "dokkupy"
html_copy_source = False
myst_heading_anchors = 4
#: The language of a code block may be a file name that no highlighter knows.
suppress_warnings = ["misc.highlighting_failure"]

SECTIONS = {"Tutorials": "tutorial", "How to": "how-to", "Reference": "reference", "Explanation": "explanation"}


def setup(app: Sphinx) -> None:
    app.connect("source-read", adapt)


def adapt(_app: Sphinx, page: str, source: list[str]) -> None:
    """The pages are written for readers of the repository: a site has its contents in a menu, and no files above `docs`."""
    source[0] = without_outer_links(source[0], page)
    if page == root_doc:
        source[0] += "".join(menu(title, folder) for title, folder in SECTIONS.items())


def without_outer_links(text: str, page: str) -> str:
    """Links to files of the repository become their paths."""

    def replaced(match: re.Match[str]) -> str:
        target = (HERE / page).parent.joinpath(match[2]).resolve()
        return match[0] if target.is_relative_to(HERE) else f"{match[1]} (`{target.relative_to(HERE.parent)}`)"

    return re.sub(r"\[([^]]*)\]\((\.\./[^)#\s]*)\)", replaced, text)


def menu(title: str, folder: str) -> str:
    return f"\n\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {title}\n{folder}/*\n```\n"
