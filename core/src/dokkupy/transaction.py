"""The transaction for use cases, hooks and plugins, whose host is a `Host`."""

from dokkupy.host import Host
from dokkupy.kernel import transaction

Transaction = transaction.Transaction[Host]
