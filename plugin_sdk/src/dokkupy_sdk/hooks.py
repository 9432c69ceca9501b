"""Hooks that plugins ask each other: `host.hooks.ask(dns_challenge, host=host, ...)`. Core asks the others."""

from dokkupy.hookspecs import dns_challenge

__all__ = ["dns_challenge"]
