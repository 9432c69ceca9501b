"""Health checks: a new instance must answer before it serves."""
