"""How many instances of each process type an app wants."""

from dokkupy.usecases.formation import RELEASE, fixed_formation, stored_scale, wanted_formation

__all__ = ["RELEASE", "fixed_formation", "stored_scale", "wanted_formation"]
