"""A plan as a Dockerfile, and the variables that its steps see."""
