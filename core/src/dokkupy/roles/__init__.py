"""Roles: who core needs in the outside world. One abstract class a file; the adapters are in plugins.

An adapter is made with the `Host` as its only argument, when a command first asks for it.
"""
