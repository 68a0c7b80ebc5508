"""The door's lines to its gateway: of bearers, of sessions, of uploads, and the one that watches the store."""
