"""What belongs together in time, and how much it speaks for each label."""
