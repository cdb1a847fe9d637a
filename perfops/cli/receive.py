"""perfops receive: take streamed collections and uploads."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfops.cli.options import Db

if TYPE_CHECKING:
    from perfops.receiver.settings import Settings
    from perfops.store.connection import Target

Listen = Annotated[
    str,
    typer.Option(
        help="Where to listen; this machine alone unless told otherwise. Port 0 is any free one.",
        envvar="PCD_LISTENADDRESS",
        metavar="HOST:PORT",
    ),
]
Workers = Annotated[int, typer.Option(help="Processes that serve.", metavar="N", min=1, max=256)]
Level = Annotated[
    str, typer.Option(help="What is logged: debug, info, warning or error.", envvar="PCD_LOGLEVEL", metavar="LEVEL")
]
Archive = Annotated[
    Path | None,
    typer.Option(
        help="Keep the raw records of batches here, as files that perfops process reads.",
        envvar="PCD_ARCHIVE",
        metavar="DIR",
    ),
]
Certificate = Annotated[
    Path | None, typer.Option(help="Serve TLS with this certificate (PEM).", envvar="PCD_TLS_CERT", metavar="FILE")
]
CertificateKey = Annotated[
    Path | None, typer.Option(help="The key of the certificate (PEM).", envvar="PCD_TLS_KEY", metavar="FILE")
]


def receive(
    listen: Listen = "127.0.0.1:8321",
    workers: Workers = 1,
    db: Db = None,
    log_level: Level = "info",
    archive: Archive = None,
    tls_cert: Certificate = None,
    tls_key: CertificateKey = None,
) -> None:
    """Take what `pcc --mode trickle` streams, and uploads, and store it in PostgreSQL before answering.

    Any number of receivers may stand before one database. Keys are those of `perfops apikey`; the log is JSON on
    standard error. A signal ends it after it has answered what it holds. Exit codes: 0 ended by a signal, 2 a value
    cannot be used, 3 this machine refused, 4 the database cannot be reached or refused.

    Example: timeout 5 perfops receive --listen 127.0.0.1:0 --workers 2 || test $? = 124
    """
    from perfops.receiver.serve import serve
    from perfops.store.connection import database, find_target

    settings = settings_of(listen, workers, find_target(db), log_level, archive, tls_cert, tls_key)
    with database(settings.target):
        pass
    serve(settings)


def settings_of(
    listen: str,
    workers: int,
    target: "Target",
    level: str,
    archive: Path | None,
    certificate: Path | None,
    key: Path | None,
) -> "Settings":
    """The receiver's settings, checked; the log is set up by them."""
    from perfops.errors import BadInputError
    from perfops.receiver import log, settings
    from perfops.receiver.keys import read_keys

    if level.lower() not in settings.LEVELS:
        raise BadInputError(f"bad value for PCD_LOGLEVEL: {level!r} (try one of {', '.join(settings.LEVELS)})")
    if (certificate is None) != (key is None):
        raise BadInputError("--tls-cert and --tls-key go together (give both)")
    if certificate and key:
        check_certificate(certificate, key)
    host, port = settings.read_address(listen)
    keys = settings.find_keys()
    if keys.exists():
        read_keys(keys)
    log.set_up(level)
    return settings.Settings(
        host=host,
        port=port,
        home=settings.find_home(),
        keys=keys,
        level=level,
        workers=workers,
        target=target,
        certificate=certificate,
        certificate_key=key,
        archive=archive.absolute() if archive else None,
    )


def check_certificate(certificate: Path, key: Path) -> None:
    """BadInputError where a certificate and its key cannot be used."""
    import ssl

    from perfops.errors import BadInputError

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(
            f"cannot use {certificate} with {key}: {reason} (give PEM files that go together)"
        ) from error
