"""Buildpacks: build images from an app's source alone."""
