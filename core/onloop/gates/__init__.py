"""SHELL: mirrors, clean checkouts, runners. Looks at work and returns evidence; never moves a task."""
