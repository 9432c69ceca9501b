"""Directories that outlive an app's containers: named entries, mounts, and what is backed up of them."""
