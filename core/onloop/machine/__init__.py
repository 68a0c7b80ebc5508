"""PURE: the state machine of a task. No clock, ids, files, network, database or terminal; time is an argument."""
