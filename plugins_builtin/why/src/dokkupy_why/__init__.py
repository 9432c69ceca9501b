"""Why an app failed or does not answer, and what fixes it."""
