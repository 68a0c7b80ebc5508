"""The Inbox in lines."""
