"""An example plugin: apps that share a cache do not overwrite each other."""
