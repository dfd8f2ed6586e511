"""What a person opens: a page a film, subtitles, chapters, insights, and an index over a batch."""
