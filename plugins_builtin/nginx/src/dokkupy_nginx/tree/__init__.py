"""The whole configuration as one tree, which is switched by one rename."""
