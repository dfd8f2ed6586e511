"""The trained fusion: features of windows kept on disk, networks that read them, and how they are fitted."""
