"""What a store's history says about it."""
