"""A commit's tree written to a directory, with its submodules."""
