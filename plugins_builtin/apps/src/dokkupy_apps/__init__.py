"""The life cycle of apps: deploy, release, route, scale, retire. It calls roles and hooks in the right order."""
