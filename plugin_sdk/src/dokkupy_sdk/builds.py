"""Records of builds: listed and pruned."""

from dokkupy.usecases.builds import builds_of, prune_builds

__all__ = ["builds_of", "prune_builds"]
