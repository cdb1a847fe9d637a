"""Machines under test, reached from here: by Ansible's playbooks (runner), or by SSH alone (fabric)."""
