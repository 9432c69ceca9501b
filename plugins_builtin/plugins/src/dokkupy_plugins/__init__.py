"""The management of plugins: listed, switched on and off, installed and removed."""
