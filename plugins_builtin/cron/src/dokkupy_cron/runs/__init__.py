"""Runs: started by schedule or by hand, watched until they end, recorded."""
