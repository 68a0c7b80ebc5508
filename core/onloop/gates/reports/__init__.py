"""What a gate's command writes to `{report}`: how much is covered, and which findings there are."""
