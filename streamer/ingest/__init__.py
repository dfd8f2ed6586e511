"""Films and cameras onto the bus."""
