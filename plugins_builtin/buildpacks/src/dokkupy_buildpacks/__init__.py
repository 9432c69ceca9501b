"""Buildpacks: images from an app's source alone."""
