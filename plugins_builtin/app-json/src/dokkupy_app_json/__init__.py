"""app.json: what a repository says of its environment, formation and scripts."""
