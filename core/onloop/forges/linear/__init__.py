"""Linear, over its GraphQL API."""
