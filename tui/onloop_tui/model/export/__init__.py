"""What is seen, in a form that leaves the terminal."""
