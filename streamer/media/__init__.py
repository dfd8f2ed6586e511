"""Media in, frames and sound out."""
