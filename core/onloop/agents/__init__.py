"""Workers: claiming a task, making its environment, running an agent on it, and giving it back."""
