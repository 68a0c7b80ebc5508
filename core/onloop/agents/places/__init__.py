"""Where a worker has its agents work: environments made, lent to sessions, kept warm, and removed on every path."""
