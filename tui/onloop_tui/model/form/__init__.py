"""What a form asks for, and what is typed and pasted into it."""
