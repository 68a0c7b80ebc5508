"""The store of a team: PostgreSQL, with as many gateways as it likes."""
