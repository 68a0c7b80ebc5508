"""What a shell offers while somebody types: scripts made of the tables of verbs, and names read from the store."""
