"""The decision sheet in lines."""
