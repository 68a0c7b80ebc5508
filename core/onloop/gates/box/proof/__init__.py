"""What a box stops, shown by trying it."""
