"""The languages. Each has a module of its own."""
