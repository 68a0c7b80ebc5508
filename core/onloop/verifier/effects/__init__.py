"""Effects: intent → compare-and-set → done. A kill at any point leaves either nothing or exactly one change outside.

Each kind of effect has a file: `merge`, `funnel`. `executor` chooses by kind.
"""
