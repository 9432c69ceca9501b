"""What dokkupy talks about: identifiers, secrets and frozen facts by subject. No I/O here."""
