"""What these commands do that no other plugin does too."""
