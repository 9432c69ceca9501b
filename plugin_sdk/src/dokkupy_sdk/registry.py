"""The installed plugins: what each offers, and whether it loads."""

from dokkupy.kernel.discovery import CORE, plugin_name, summary
from dokkupy.kernel.hooks import Hooks
from dokkupy.kernel.registry import Registry

__all__ = ["CORE", "Hooks", "Registry", "plugin_name", "summary"]
