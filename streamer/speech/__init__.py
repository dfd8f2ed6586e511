"""Speech: where somebody speaks, what is said and when, in which language."""
