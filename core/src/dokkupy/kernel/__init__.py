"""The kernel: discovery, registry, hooks, operations, store, settings and exec."""
