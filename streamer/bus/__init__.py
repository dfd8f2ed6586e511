"""Records in and out: Kafka, or the same in one process."""
