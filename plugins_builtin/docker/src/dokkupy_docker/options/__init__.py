"""Docker's options: stored, validated, translated for the API."""
