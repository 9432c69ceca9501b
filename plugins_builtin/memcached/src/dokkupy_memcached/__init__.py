"""memcached caches."""
