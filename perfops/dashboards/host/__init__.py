"""Host utilisation: every CPU, disk, interface and file system, and what the kernel counts."""
