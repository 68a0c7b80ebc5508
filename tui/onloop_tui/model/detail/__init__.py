"""What is under the cursor, drawn below the list: a run, a task, a cause or an agent."""
