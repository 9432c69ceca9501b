"""One app's bad file is set aside; a lost tree comes back."""
