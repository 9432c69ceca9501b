"""The life cycle of apps: deploy, release, route, scale, retire. Orchestrates roles and hooks."""
