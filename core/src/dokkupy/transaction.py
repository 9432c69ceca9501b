"""The transaction as use cases, hooks and plugins see it: its host is a `Host`."""

from dokkupy.host import Host
from dokkupy.kernel import transaction

Transaction = transaction.Transaction[Host]
