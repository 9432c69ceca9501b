"""An app's bare repository, its refs, and how git is called."""
