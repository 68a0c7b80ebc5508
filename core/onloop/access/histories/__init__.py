"""Histories of repositories on their way to machines that do not reach an origin: the gateway's end, and theirs."""
