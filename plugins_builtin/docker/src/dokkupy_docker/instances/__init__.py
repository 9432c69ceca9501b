"""Watches instances: what their processes do, and which connections are still open."""
