"""Roles: abstract classes for what core uses in the outside world. Plugins contain the adapters.

An adapter is constructed with the `Host` as its only argument, when a command first uses it.
"""
