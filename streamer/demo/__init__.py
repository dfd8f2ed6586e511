"""A sample clip the project composes itself: pictures of pip packages, sounds made by arithmetic, speech rendered once."""
