"""Setup of the host: the include, the drop-in, and the checks of `doctor`."""
