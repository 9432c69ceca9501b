"""Builders that are programs of others."""
