"""Results on disk: one SQLite file per output folder is the truth."""
