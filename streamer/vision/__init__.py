"""Vision: what is seen, as vectors, shots, keyframes, movement, brightness and writing."""
