"""Your own certificates, and the selection of the one that the proxy serves."""
