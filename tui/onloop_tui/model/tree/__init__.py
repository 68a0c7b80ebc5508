"""The tree of tasks: rows, folds and counts."""
