"""The kinds of box, one file each."""
