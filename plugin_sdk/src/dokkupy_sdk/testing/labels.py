"""What a query by labels finds."""

from __future__ import annotations

from collections.abc import Mapping


def covers(given: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(key in given and (not value or given[key] == value) for key, value in wanted.items())
