"""The management of plugins: they are listed, enabled, disabled, installed and removed."""
