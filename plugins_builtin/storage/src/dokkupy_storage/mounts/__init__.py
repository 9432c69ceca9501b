"""Mounts of apps: changed, migrated, rendered for the engine, examined, backed up."""
