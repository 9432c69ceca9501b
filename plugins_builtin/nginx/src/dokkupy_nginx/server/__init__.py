"""The running nginx: testing, reloading, probing, and reading its errors and logs."""
