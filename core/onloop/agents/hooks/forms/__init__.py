"""Where vendors read our hook: settings of people, files of ours alone, and files that no user changes."""
