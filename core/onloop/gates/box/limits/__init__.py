"""How much all processes of one run may use together."""
