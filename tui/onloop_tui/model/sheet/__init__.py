"""The decision sheet as lines."""
