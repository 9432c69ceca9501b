"""An app's bare repository, its refs, and calls of git."""
