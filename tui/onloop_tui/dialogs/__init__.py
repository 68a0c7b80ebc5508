"""Forms and dialogs that ask the person something."""
