"""CouchDB databases for dokkupy."""
