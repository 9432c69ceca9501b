"""The whole configuration as one tree, switched by one rename."""
