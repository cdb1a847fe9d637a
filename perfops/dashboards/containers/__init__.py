"""Containers: CPU with throttling, memory against its limit, I/O, tasks."""
