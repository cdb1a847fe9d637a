"""Fleet live: what streams now."""
