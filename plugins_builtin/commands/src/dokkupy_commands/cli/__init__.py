"""One module for each namespace: it parses the arguments, calls a use case and renders the answer."""
