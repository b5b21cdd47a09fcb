"""Pages and tiles of pictures."""
