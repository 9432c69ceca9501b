"""The part of the caches' names that keeps those of one app's builds from those of another's."""

from __future__ import annotations

import hashlib
import os

from dokkupy.model.secret import Secret


def caches_of(private: Secret) -> str:
    """32 characters that nobody else can guess; without a secret they are of this one build."""
    text = private.reveal() or os.urandom(16).hex()
    return hashlib.sha256(f"caches {text}".encode()).hexdigest()[:32]
