"""SHELL: mirrors, clean checkouts and runners. They look at work and return evidence; they never move a task."""
