"""The roles: each a small file with a prompt and a function from one event to one event."""
