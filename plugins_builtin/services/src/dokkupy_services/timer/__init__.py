"""What the timer does for services."""
