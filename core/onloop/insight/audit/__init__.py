"""What a repository, a machine and a store have for agents to work in, found by looking and by running nothing."""
