"""The models and schemas of the standard: what the suite prints, and the objects that belong to no verb."""
