"""The reader of a change: its files beside the patch of one, and what is written about its lines."""
