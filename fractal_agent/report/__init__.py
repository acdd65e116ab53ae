"""What people see of a run: progress, summary, story, listing; all folded from the log."""
