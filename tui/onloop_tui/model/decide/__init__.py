"""The possible decisions about a task, and their CLI equivalents."""
