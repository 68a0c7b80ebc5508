"""Widgets of the screens. They draw lines of the model, and never parse markup."""
