"""The one door: service, authorize, identity, verifier, effects."""
