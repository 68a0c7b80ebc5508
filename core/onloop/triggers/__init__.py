"""Work that begins outside: webhooks that are taken, stored and carried out once, by triggers that people adopted."""
