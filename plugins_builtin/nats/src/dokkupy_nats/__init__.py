"""NATS message brokers for dokkupy."""
