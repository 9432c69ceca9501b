"""Image registries: logins, private base images, pushed releases."""
