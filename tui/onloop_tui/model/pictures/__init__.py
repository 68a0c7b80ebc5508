"""Pictures of a task or a run: the way through its workflow, and what its time went to."""
