"""The part of a build cache's name that keeps other apps from using it."""

from __future__ import annotations

import hashlib
import os

from dokkupy.model.secret import Secret


def caches_of(private: Secret) -> str:
    """32 characters that nobody else can guess. Without a secret, they are random and serve for one build only."""
    text = private.reveal() or os.urandom(16).hex()
    return hashlib.sha256(f"caches {text}".encode()).hexdigest()[:32]
