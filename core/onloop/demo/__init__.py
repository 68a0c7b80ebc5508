"""`onloop demo`: real repositories, scripted agents, and everything between them as it is in earnest."""
