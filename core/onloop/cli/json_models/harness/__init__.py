"""What the verb harness prints."""
