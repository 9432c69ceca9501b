"""Renders values as text of nginx's configuration."""
