"""The commands `:set` and `:report` of properties, and when a change of one takes effect."""
