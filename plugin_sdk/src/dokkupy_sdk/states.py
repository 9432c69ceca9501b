"""The role InstanceStates, in a module of its own, because importing `dokkupy_sdk.roles` takes half as long as a report."""

from dokkupy.roles.states import InstanceStates

__all__ = ["InstanceStates"]
