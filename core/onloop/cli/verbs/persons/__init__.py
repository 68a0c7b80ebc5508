"""What a person does for themselves: take work, look at it in a folder, see who is enrolled, stand in for others."""
