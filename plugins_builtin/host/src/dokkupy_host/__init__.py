"""The host itself: set up, examined, watched, and typed to."""
