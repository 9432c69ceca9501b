"""MariaDB databases."""
