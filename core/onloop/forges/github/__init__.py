"""GitHub over its REST API (version 2022-11-28), and GraphQL where there is no other way."""
