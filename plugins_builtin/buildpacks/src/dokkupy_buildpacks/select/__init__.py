"""Which languages a source is built with."""
