"""One module for each namespace. It parses the arguments, calls a use case and renders the result."""
