"""Compare: collections on one axis of elapsed time, and their percentiles side by side."""
