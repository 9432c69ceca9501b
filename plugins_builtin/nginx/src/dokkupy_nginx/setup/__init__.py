"""The host: the include, the drop-in, what `doctor` checks."""
