"""Networks that several apps share."""
