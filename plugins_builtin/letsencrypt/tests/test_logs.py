"""Logs that are kept: the newest, and no secret in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_letsencrypt.certbot import logs


def test_secrets_are_taken_out_the_longest_first_and_nothing_else() -> None:
    text = "Var eab_hmac_key=abc-def (set by user). token=abc"
    assert logs.redacted(text, ["abc", "abc-def", ""]) == "Var eab_hmac_key=*** (set by user). token=***"


def test_newest_are_kept_for_their_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "logs"
    (tmp_path / "logs").mkdir()
    (place / "other").touch()
    for number in range(logs.KEPT + 5):
        monkeypatch.setattr(logs.time, "strftime", lambda _, number=number: f"20261125T{number:06}")
        logs.keep(f"{number}", str(place), "certonly-blog-0")
    kept = sorted(path.name for path in place.iterdir())
    assert len(kept) == logs.KEPT + 1 and kept[0] == "20261125T000005-certonly-blog-0.log" and "other" in kept
    assert {path.stat().st_mode & 0o077 for path in place.glob("2026*")} == {0}
    logs.keep("", str(place), "nothing")
    logs.keep("x", "/proc/none", "no room")
    assert logs.read(str(place)) == ""
