"""Moves the data of services: dump, restore, import, upgrade."""
