"""Fixtures that several parts of the tests share."""

# What imports another comes behind it.
pytest_plugins = ["fix_database", "fix_dashboards", "fix_sshd", "fix_hosts", "fix_controller"]
