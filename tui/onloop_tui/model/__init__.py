"""PURE: computes what the screens show from tasks and the time, without Textual."""
