"""What the dashboard shows of a moment that has been."""
