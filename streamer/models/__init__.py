"""Where models come from, and the encoders that are made of them."""
