"""Work that agents hand in: a process of theirs gathers it, and the quarantine checks it."""
