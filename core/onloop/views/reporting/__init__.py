"""How far a run is: what became of each task, how it got there, how long the rest may take, and the report of it."""
