"""The images that languages build and run on."""
