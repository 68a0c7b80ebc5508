"""What the reader of a change shows: its files as a tree, its rows, their colours, and what is said about them."""
