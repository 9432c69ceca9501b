"""Valkey databases for dokkupy."""
