"""Processes of an app: restarted, scaled, stopped, started, rolled back, and brought to what the state says."""
