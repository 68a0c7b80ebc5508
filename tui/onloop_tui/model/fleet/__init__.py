"""One run over many repositories as lines: causes, repositories, burndown."""
