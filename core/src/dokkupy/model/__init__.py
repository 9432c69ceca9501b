"""The values of which dokkupy speaks: identifiers, secrets and frozen records by subject. No I/O here."""
