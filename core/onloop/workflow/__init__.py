"""SHELL: workflow files. From bytes to the machine's definition, with line and column in every error."""
