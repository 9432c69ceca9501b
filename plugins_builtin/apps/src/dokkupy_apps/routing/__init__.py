"""Routes of apps through the proxy, and whether clients reach them."""
