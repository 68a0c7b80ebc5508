"""Finding things: words against names, the runs, and what a search found."""
