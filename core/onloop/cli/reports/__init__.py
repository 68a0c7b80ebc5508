"""A report of a run in each of its formats: text for a terminal, Markdown, HTML, CSV."""
