"""`git push` over SSH: the endpoints, the hook and its protocol."""
