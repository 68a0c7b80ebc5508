"""What the gateway's git may use to reach origins: declared by a person in one file, and given to git for one run."""
