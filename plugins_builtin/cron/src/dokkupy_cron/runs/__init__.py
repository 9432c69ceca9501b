"""Runs: started when they are due or by hand, watched to their end, recorded."""
