"""Datastores whose dump is an archive of their files."""
