"""What the verb audit says: of repositories, and of permissions."""
