"""Connects apps to services."""
