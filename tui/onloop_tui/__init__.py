"""onloop's dashboard: reads the store, and writes through the gateway like everyone else."""
