"""What one account may have under way at a resident gateway: connections, bytes, requests, guesses."""
