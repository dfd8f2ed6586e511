"""Evidence becomes what people read: sounds, events, the mood, descriptions."""
