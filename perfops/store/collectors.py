"""Machines under test by name and site."""

from perfops.errors import BadInputError
from perfops.store.connection import Connection


def find_collector(connection: Connection, name: str, site: str) -> int:
    """Id of a collector, made when it is new."""
    find = "SELECT id FROM collector WHERE name = %s AND site = %s"
    make = "INSERT INTO collector (name, site) VALUES (%s, %s) ON CONFLICT (name, site) DO NOTHING RETURNING id"
    for query in (find, make, find):  # the last where another load made it meanwhile
        if row := connection.execute(query, [name, site]).fetchone():
            return int(row[0])
    raise BadInputError(f"the collector {name!r} was removed while it was looked up (load again)")
