"""The commands of a datastore, a module for each theme. Every command's start reads them, so they are light."""
