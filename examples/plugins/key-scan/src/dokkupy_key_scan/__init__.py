"""An example plugin: no private key in an image."""
