"""Grafana dashboards as code: builders, shared defaults, and the SQL that they and the command line run."""
