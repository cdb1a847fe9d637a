"""Utilisation tables: mean, extremes and percentiles of every metric and device."""
