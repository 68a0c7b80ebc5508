"""What the plain dashboard says: rows, sheets and changes as sentences."""
