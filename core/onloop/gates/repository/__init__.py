"""Git repositories: mirrors, changes, merges, and what is true of a commit."""
