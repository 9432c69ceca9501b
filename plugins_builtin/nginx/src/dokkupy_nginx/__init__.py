"""nginx as dokkupy's proxy."""
