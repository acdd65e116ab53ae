"""The architectures: each reads top to bottom as the story of one problem."""
