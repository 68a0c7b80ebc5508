"""What is brought into an environment that has files of its own: an interpreter, onloop, what starts commands."""
