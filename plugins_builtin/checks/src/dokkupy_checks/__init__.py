"""Health checks: what starts must answer before it serves."""
