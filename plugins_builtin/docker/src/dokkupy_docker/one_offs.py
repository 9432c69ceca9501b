"""The roles OneOffs and OneOffSessions of the scheduler docker-local: containers of this host's engine."""

from __future__ import annotations

from dokkupy_sdk.one_offs import EngineOneOffs


class LocalOneOffs(EngineOneOffs):
    """One-off containers on this host."""
