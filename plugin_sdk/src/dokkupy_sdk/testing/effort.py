"""How much a test tries: all of it with `./test.sh --thorough` (`DOKKUPY_THOROUGH=1`), otherwise a part that says as much
about the code at hand. Nothing is left out whole.
"""

from __future__ import annotations

import os

THOROUGH = os.environ.get("DOKKUPY_THOROUGH") == "1"


def stride(usual: int) -> int:
    """The step through a matrix of boundaries: every one, or usually every `usual`th."""
    return 1 if THOROUGH else usual


def amount(thorough: int, usual: int) -> int:
    """How many rows, keys, documents."""
    return thorough if THOROUGH else usual
