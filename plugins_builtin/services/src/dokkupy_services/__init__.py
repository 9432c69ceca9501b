"""The datastore kit: what services of all kinds have in common.

A datastore plugin subclasses `dokkupy_services.role.Datastore`, declares its commands with
`dokkupy_services.cli.datastore_group`, and inherits the contract `dokkupy_services.testing.contract`. `dokkupy
plugin:new --kind datastore NAME` writes one. This module imports nothing, because every command of a datastore loads
it.
"""
