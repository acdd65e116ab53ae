"""What a run recorded, and what becomes of it: the journal, policies, drift and the timeline."""
