"""The test bed: containers that behave like machines, and the images that they start from."""
