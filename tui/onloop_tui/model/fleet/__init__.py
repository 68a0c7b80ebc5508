"""One run over many repositories: causes, repositories, burndown."""
