"""Who may decide, and whose approvals count."""
