"""Time: the clocks, and when a schedule fires."""
