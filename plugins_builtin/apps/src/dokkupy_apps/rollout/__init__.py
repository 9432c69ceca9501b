"""Put a release into service: start its instances, check them, switch the traffic, and retire the old ones."""
