"""Watches the processes of apps, and starts those that should run."""
