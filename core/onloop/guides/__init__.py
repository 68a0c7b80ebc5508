"""The documentation, shipped with the package: one Markdown file per guide, read by `onloop help` and the dashboard."""
