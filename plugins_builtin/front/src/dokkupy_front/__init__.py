"""Maintenance pages, redirects of domains and passwords in front of apps."""
