"""Watches instances: what their processes do, and which connections they still have."""
