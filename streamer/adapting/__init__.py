"""Labels of one's own: windows that somebody marked, what is fitted to them, and whether that is worth keeping."""
