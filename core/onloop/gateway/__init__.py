"""Every access to the store goes through here: service, authorize, identity, verifier, effects."""
