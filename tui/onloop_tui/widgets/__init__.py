"""What the screens are made of: they draw lines of the model, and never parse markup."""
