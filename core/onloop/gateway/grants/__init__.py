"""What launchers may that proved themselves by a token: in what scope, and how much at a time."""
