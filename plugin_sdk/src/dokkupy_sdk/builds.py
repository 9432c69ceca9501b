"""Records of builds: listed, read, cancelled and pruned."""

from dokkupy.usecases.builds import build_of, builds_of, cancel_build, log_of, prune_builds

__all__ = ["build_of", "builds_of", "cancel_build", "log_of", "prune_builds"]
