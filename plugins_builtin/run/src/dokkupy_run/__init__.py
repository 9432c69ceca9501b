"""One-off processes: a command in a new container of the serving release, or inside a running instance."""
