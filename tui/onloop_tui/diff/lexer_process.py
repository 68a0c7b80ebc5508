"""The process that looks at programs for their colours: hostile text may take it long, and it can be ended."""

from __future__ import annotations

import json
import resource
import sys

from onloop_tui.model.diff.syntax import lexer_of, syntax_pieces
from onloop_tui.model.diff.word_marks import word_marks

MOST_MEMORY = 1_073_741_824
"""The bytes that it may take."""


def main() -> None:
    """Answer each line of standard input, a file's name and rows of its patch, with a line: their pieces and marks."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    for asked in sys.stdin.buffer:
        request = json.loads(asked)
        rows, lexer = request["rows"], lexer_of(request["path"])
        pieces = syntax_pieces(lexer, rows) if lexer is not None else [()] * len(rows)
        sys.stdout.write(json.dumps([pieces, word_marks(rows)]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
