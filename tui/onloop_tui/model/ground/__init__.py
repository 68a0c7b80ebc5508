"""What all views share: the snapshot, the acts of a person, the selection."""
