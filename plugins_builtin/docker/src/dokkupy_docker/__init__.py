"""Docker: the engine, and the scheduler docker-local."""
