"""The command line on a developer's own machine. It imports nothing but the standard library, and little of that."""

from __future__ import annotations

VERSION = "0.1.0"
