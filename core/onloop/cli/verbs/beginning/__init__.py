"""The verbs that begin work: what they look at before, and what they propose."""
