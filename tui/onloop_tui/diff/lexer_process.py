"""The process that looks at programs for their colours: hostile text may take it long, and it can be ended."""

from __future__ import annotations

import json
import resource
import signal
import sys

from onloop.identity.process_privacy import keep_others_out
from onloop_tui.model.diff.syntax import lexer_of, syntax_pieces
from onloop_tui.model.diff.word_marks import word_marks

MOST_MEMORY = 1_073_741_824
"""The bytes that it may take."""
LONGEST_S = 20
"""How long it may take over one question: it ends by itself where nobody is left who would end it."""


def main() -> None:
    """Answer each line of standard input, a file's name and rows of its patch, with a line: their pieces and marks."""
    keep_others_out()  # the changes that it is asked about are not for everybody who runs as its user
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    for asked in sys.stdin.buffer:
        signal.alarm(LONGEST_S)  # not handled, so that it ends within a pattern, too
        request = json.loads(asked)
        rows, lexer = request["rows"], lexer_of(request["path"])
        pieces = syntax_pieces(lexer, rows) if lexer is not None else [()] * len(rows)
        sys.stdout.write(json.dumps([pieces, word_marks(rows)]) + "\n")
        sys.stdout.flush()
        signal.alarm(0)


if __name__ == "__main__":
    main()
