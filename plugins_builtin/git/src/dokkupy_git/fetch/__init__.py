"""Code from elsewhere: sync, archives, images, and the credentials for it."""
