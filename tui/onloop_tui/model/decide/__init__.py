"""What can be decided about a task, and the same as a command."""
