"""What a change is, as counts and classes: computed from a mirror, for rules to ask about."""
