"""The running nginx: test, reload, ask, read its errors and logs."""
