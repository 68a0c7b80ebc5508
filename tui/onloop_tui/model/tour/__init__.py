"""A tour of the dashboard: what is worth doing first, a card at a time."""
