"""The words that STYLE.md bans are in no source, message, test or page."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
STYLE = ROOT / "STYLE.md"
TEXTS = (".py", ".md", ".sh", ".toml", ".j2")


def banned() -> dict[str, str]:
    """Banned word -> what to write, from the last table of STYLE.md."""
    table = STYLE.read_text().split("## Banned", 1)[1]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    return {word.strip(): instead for words, instead in rows for word in words.split(",")}


BANNED = banned()
PATTERN = re.compile(
    r"(?<![A-Za-z])(" + "|".join(r"[\s#\"_]+".join(map(re.escape, word.split())) for word in BANNED) + r")(?![A-Za-z])",
    re.IGNORECASE,
)


def written() -> list[Path]:
    """The files that people write, except generated ones and the page with the banned words."""
    folders = ("core", "plugin_sdk", "plugins_builtin", "examples", "tests", "docs")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS]
    found += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "install.sh", "test.sh")]
    return [path for path in found if not {".venv", "node_modules", "__pycache__"} & set(path.parts)]


def test_table_of_banned_words_is_read() -> None:
    assert {"mend", "anew", "lease", "see off", "hostile"} <= set(BANNED)


def test_test_sees_a_banned_word_across_a_line_break() -> None:
    assert faults("we see\n    off the instances") == ["2: see off -> stop, drain"]


def faults(text: str) -> list[str]:
    found = []
    for match in PATTERN.finditer(text):
        word = re.sub(r"[\s#\"_]+", " ", match[0].lower())
        found.append(f"{text.count(chr(10), 0, match.end()) + 1}: {word} -> {BANNED[word]}")
    return found


def test_no_text_has_a_banned_word() -> None:
    found = {
        str(path.relative_to(ROOT)): wrong
        for path in written()
        if path != Path(__file__) and (wrong := faults(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_no_merge_was_left_half_done() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in written()
        if re.search(r"^(<{7}|>{7}) ", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    ]
    assert found == []
