"""Render a plan as a Dockerfile, and choose the variables that its steps see."""
