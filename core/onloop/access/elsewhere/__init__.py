"""Work that is made elsewhere: brought in, watched, and told what came of it."""
