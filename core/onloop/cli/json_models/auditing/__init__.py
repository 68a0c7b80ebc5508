"""What audits print, by subject."""
