"""Lines of text and signs: what the widgets draw."""
