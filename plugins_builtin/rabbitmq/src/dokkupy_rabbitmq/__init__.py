"""RabbitMQ message brokers."""
