"""The engine's HTTP API: requests, answers, errors."""
