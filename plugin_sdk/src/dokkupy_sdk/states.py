"""The role that says whether instances run; apart from `dokkupy_sdk.roles`, whose import costs half a report."""

from dokkupy.roles.states import InstanceStates

__all__ = ["InstanceStates"]
