"""What the proxy does for an app, and whether clients reach it."""
