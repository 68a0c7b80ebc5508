"""What keeps the gateway's own copies in order: whether origins can be reached, what is tolerated, what can go."""
