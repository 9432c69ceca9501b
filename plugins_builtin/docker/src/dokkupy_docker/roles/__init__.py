"""The adapters of the engine. Each implements one role."""
