"""Drains send lines of apps to their `vector-sink` while the apps print them."""
