"""Collections: the home page, a row for each."""
