"""Jobs of a CI: who they are is what the CI signs of them, as far as `ci.toml` of the store says whom to let in."""
