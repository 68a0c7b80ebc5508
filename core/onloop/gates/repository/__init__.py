"""Git repositories: mirrors, changes, merges, and the checked facts about a commit."""
