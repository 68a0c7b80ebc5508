"""History that the gateway passes on as bundles, to machines that cannot reach an origin."""
