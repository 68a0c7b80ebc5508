"""What each verb does, a file for each group."""
