"""What all views share: the snapshot, what a person can do, what is selected."""
