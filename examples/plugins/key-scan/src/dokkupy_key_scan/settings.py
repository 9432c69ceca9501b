"""The property of `key-scan`. Each build reads it."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, plain

SETTINGS = Settings(
    "key-scan",
    Property("allowed", help="Paths with commas between them whose private keys may be built", parse=plain),
)
