"""Watches the processes of apps and starts what should run."""
