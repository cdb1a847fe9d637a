"""Overview: one collection, the machine as a whole."""
