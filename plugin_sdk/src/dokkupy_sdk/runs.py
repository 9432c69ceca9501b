"""One-off processes of an app, and commands inside a running instance."""

from dokkupy.usecases.oneoff import enter_instance, retire_runs

__all__ = ["enter_instance", "retire_runs"]
