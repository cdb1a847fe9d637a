"""Collections beside each other: percentiles with their differences, and what else differs."""
