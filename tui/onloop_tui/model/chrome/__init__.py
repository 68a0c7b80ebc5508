"""The lines around every view."""
