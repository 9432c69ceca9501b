"""The images on which languages build and run."""
