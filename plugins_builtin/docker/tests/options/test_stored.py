"""Options as they are kept."""

from __future__ import annotations

import pytest
from dokkupy_docker.options.stored import divided

pytestmark = pytest.mark.unit

DIVIDED = {
    ("-v /a:/b",): ["-v /a:/b"],
    ("-v /a:/b --label x",): ["-v /a:/b", "--label x"],
    ("-v /a:/b", "-v /c:/d"): ["-v /a:/b", "-v /c:/d"],
    ("-v", "/a:/b", "--label=x"): ["-v /a:/b", "--label=x"],
    ('--label a="b c"',): ['--label a="b c"'],
    ("--label", "a=b c"): ["--label 'a=b c'"],
    ("--label", "'a=b c'"): ["--label 'a=b c'"],
    ("--memory-swap", "-1"): ["--memory-swap -1"],
    ("--label $(id)",): ["--label $(id)"],
}


@pytest.mark.parametrize("words", DIVIDED)
def test_options_are_divided_at_their_flags_and_kept_as_they_were_typed(words: tuple[str, ...]) -> None:
    assert divided(words) == DIVIDED[words]
