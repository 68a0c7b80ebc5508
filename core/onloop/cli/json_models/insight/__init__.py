"""What the verbs that look at the factory itself print with `--json`."""
