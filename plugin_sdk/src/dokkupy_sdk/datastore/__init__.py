"""The datastore kit: everything that services of all kinds have in common.

A datastore plugin subclasses `Datastore`, declares its commands with `datastore_group`, and inherits the contract
`dokkupy_sdk.testing.contracts.datastore`. `dokkupy plugin:new --kind datastore NAME` writes one.
"""

from dokkupy_sdk.datastore.model import FILES, Link, Recipe, Service, ServiceName
from dokkupy_sdk.datastore.role import Datastore, Inside

__all__ = ["FILES", "Datastore", "Inside", "Link", "Recipe", "Service", "ServiceName"]
