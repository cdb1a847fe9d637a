"""Fixtures that several parts of the tests share."""

pytest_plugins = [
    "fix_database",
    "fix_dashboards",
    "fix_sshd",
    "fix_hosts",
    "fix_extensions",
]  # what imports another comes behind it
