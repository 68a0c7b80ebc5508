"""PURE: what a project's files say of how it is built and tested, as workflows to try."""
