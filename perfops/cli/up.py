"""perfops up: the embedded PostgreSQL and the receiver, together."""

import typer

from perfops.cli.receive import Archive, Certificate, CertificateKey, Level, Listen, Workers, settings_of


def up(
    listen: Listen = "127.0.0.1:8321",
    workers: Workers = 1,
    log_level: Level = "info",
    archive: Archive = None,
    tls_cert: Certificate = None,
    tls_key: CertificateKey = None,
) -> None:
    """Start the embedded PostgreSQL and the receiver, until Ctrl-C ends both; what is stored stays.

    Where there is no key yet, one is made and put into a file. A PostgreSQL that ran before is left running. Exit codes
    are those of `perfops receive`.

    Example: timeout --signal INT 8 perfops up --listen 127.0.0.1:0 || test $? = 124
    """
    from perfops.receiver.keys import first_key
    from perfops.receiver.serve import serve
    from perfops.store import embedded, home
    from perfops.store.connection import Target, database

    found = home.find_home()
    target = Target(embedded.conninfo(found), "the embedded server", found)
    settings = settings_of(listen, workers, target, log_level, archive, tls_cert, tls_key)
    ran = embedded.running_pid(found) is not None
    try:
        with database(target):
            pass
        key = first_key(settings.keys)
        told = f"key in {key}" if key else f"keys by perfops apikey (in {settings.keys})"
        serve(settings, lambda url: typer.echo(f"receiver at {url}; {told}; database {found.path}; Ctrl-C ends it"))
    finally:
        if not ran:
            embedded.stop(found)
