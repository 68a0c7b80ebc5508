"""Work that agents hand in: gathered by a process of theirs, checked in quarantine."""
