"""What the timer runs: each minute, and at boot."""
