"""What asks the person something, docked where the answer belongs."""
