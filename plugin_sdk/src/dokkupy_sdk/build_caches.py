"""The part of the names of build caches that separates the caches of one app from those of others."""

from __future__ import annotations

import hashlib
import os

from dokkupy.model.secret import Secret


def caches_of(private: Secret) -> str:
    """32 characters that nobody else can guess; without a secret, valid for one build only."""
    text = private.reveal() or os.urandom(16).hex()
    return hashlib.sha256(f"caches {text}".encode()).hexdigest()[:32]
