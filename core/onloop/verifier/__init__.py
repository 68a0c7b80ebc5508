"""The verifier: evaluates gates and carries out effects, several at a time."""
