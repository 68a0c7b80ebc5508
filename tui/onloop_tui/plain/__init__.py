"""The dashboard for people who listen to their terminal: lines that come one after the other, and a prompt."""
