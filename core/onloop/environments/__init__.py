"""Where agents work: what is made for them, attested, and removed on every path."""
