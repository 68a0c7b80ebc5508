"""Rules in CEL: what they may read, whether they make sense, and what they say."""
