"""The engine's parts, each a role."""
