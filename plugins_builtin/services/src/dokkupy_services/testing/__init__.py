"""For tests of datastore plugins: `fakes`, a datastore without a server, and `contract`, which imports pytest."""
