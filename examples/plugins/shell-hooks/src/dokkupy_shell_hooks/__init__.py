"""Runs an app's .dokkupy/hooks inside its own container."""
