"""An example plugin: a maintenance page."""
