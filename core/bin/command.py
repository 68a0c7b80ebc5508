#!/usr/bin/env python3
"""The command `onloop` as it is installed: the script that pip makes of an entry point may import `re` first."""

from onloop.cli.entry import main

raise SystemExit(main())
