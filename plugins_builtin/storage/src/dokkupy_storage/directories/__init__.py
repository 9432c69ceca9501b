"""The host's directories: who owns them, who may use them, how large they are."""
