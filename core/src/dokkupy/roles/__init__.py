"""Roles: who core needs in the outside world. One abstract class a file; the adapters are in plugins."""
