"""What verbs print with `--json`, as records; the JSON Schemas that are shipped are made of them."""
