"""The log in lines."""
