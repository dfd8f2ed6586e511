"""Results to those who do not speak Kafka: webhooks and server-sent events."""
