"""Directories that outlive an app's containers: named entries, mounts, and their backup."""
