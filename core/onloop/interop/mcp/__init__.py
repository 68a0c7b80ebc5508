"""The verbs of agents as tools of the Model Context Protocol, and runs and workflows as its resources."""
