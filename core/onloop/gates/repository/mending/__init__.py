"""How a mirror is kept in order: what stands in its way, what is damaged, what of old history is tolerated."""
