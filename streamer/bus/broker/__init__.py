"""A real Apache Kafka from Maven Central, for tests and for people who have none."""
