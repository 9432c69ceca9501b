"""The commands of a datastore, in one module per subject. They import little, because every command loads them."""
