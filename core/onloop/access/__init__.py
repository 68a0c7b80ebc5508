"""Opening stores, starting runs and verifiers, and handing work in."""
