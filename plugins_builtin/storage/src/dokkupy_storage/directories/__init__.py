"""The host's directories: who owns them, who may use them, and how large they are."""
