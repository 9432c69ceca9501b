"""Sets one app's bad file aside, and restores a lost tree."""
