"""The audit's chain of digests."""

from __future__ import annotations

import hashlib

import pytest
from dokkupy.kernel import events


@pytest.mark.parametrize("module", [events.SHA256, "a_module_that_this_python_lacks"])
def test_digest_of_a_line_is_its_sha256_whatever_python_was_built_with(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setattr(events, "SHA256", module)
    assert events.digest(b"a line\n") == hashlib.sha256(b"a line\n").hexdigest()
