"""Builds images with Docker's client."""
