"""PURE: what the screens show, computed from tasks and the time, without Textual."""
