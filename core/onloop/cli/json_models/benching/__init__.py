"""What `onloop bench` prints."""
