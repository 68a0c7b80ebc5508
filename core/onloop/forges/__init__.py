"""What onloop asks of forges, such as GitHub, and does there: the port, its adapters, and which one is meant."""
