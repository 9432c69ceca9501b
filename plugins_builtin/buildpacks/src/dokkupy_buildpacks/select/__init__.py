"""Choose the languages with which a source is built."""
