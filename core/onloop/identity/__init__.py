"""Who acts, and how they prove it: tokens, passphrases, the store's own key."""
