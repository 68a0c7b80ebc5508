"""What commands find around them: a commit's files, what setup and build made, and a layer of their own to write to."""
