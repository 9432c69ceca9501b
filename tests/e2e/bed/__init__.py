"""The test bed: containers that are machines, and what it takes to make them."""
