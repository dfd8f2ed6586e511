"""Sound: what is heard, as vectors, and how loud it is."""
