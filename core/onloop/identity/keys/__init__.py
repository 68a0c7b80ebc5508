"""Security keys of people: what OpenSSH writes of them, and whether a signature is theirs and proves a person."""
