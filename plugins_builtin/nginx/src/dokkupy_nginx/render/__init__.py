"""Values in, text of configuration out."""
