"""A collection that is sent while it is sampled: all goes through the spool, and what cannot be sent stays there."""

import os
import sys
import threading

from .account import Account
from .clock import boottime
from .courier import Courier
from .errors import PccError
from .http import Client
from .loop import sample
from .run import begin
from .segments import folders_in
from .sender import Sender
from .settings import Server
from .spool import Spool
from .stop import Stop
from .units import plain
from .words import fail, say

MYPY = False
if MYPY:
    from typing import Any, Dict, List, Optional

    from .settings import Options

LEFT = 4  # exit code


def run(options: "Options") -> None:
    """Sample and send, then flush, then one line on what was done; an error is one line, too."""
    try:
        reader = begin(options)
        if reader is None:
            return
        try:
            client = Client(Server(*options.server), options.apikey, options.cafile)
        except OSError as error:
            raise PccError("cannot use --cafile {}: {} (a PEM file)".format(options.cafile, error.strerror or error))
        stop = Stop()
        others, wake = earlier(options), threading.Event()
        spool = Spool(options, wake, say)
        account = open_account(options, spool)
        courier = Courier(client, say, spool.folder)
        spool.trouble = lambda: courier.stopped or courier.trouble
        sender = Sender(courier, spool, others, wake)
        if not options.quiet:
            text = "collection {} to {}: every {} s for {} s, by way of {}"
            say(
                text.format(
                    options.id, client.server.url, plain(options.frequency), plain(options.duration), spool.folder
                )
            )
        sender.start()
        facts = sample(options, reader, spool, stop)
        end(options, spool, sender, stop, facts, account)
    except PccError as error:
        fail(error)


def open_account(options: "Options", spool: Spool) -> "Optional[Account]":
    """The file that is asked for by --collection, None where none is."""
    if not options.collection:
        return None
    try:
        account = Account(options.collection, options.append, say)
    except PccError:
        spool.close()
        raise
    spool.note = account.note
    return account


def earlier(options: "Options") -> "List[str]":
    """Folders of earlier collections, the oldest first."""
    try:
        folders = [folder for folder in folders_in(options.spool) if os.path.basename(folder) != options.id]
        return sorted(folders, key=lambda folder: os.stat(folder).st_mtime)
    except OSError:  # there is none yet
        return []


def end(
    options: "Options",
    spool: Spool,
    sender: Sender,
    stop: Stop,
    facts: "Dict[str, Any]",
    account: "Optional[Account]",
) -> None:
    """Flush for as long as that may take, and say what is sent and what is left."""
    spool.finish()
    sender.at_end = stop.wake
    sender.finish()
    stop.wait_for(lambda: sender.over, boottime() + options.flush)
    left = spool.left()
    folder = spool.folder
    whole = spool.close() if sender.over else False
    text = "{ticks} ticks, {missed} missed, {bytes} bytes, {cpu_seconds:.2f} s CPU, ended by {reason}; "
    said = text.format(**facts) + "{} sent".format(spool.sent)
    if spool.refused:
        said += ", {} refused".format(spool.refused)
    if spool.lost > spool.refused:
        said += ", {} lost".format(spool.lost - spool.refused)
    if left or not (whole or options.keep_sent or not os.path.isdir(folder)):
        said += ", {} left in {}".format(left, folder)
    if left or spool.refused or not options.quiet:
        say(said)
    if account:
        account.close(dict(facts, sent=spool.sent, left=left, lost=spool.lost, refused=spool.refused))
    if left or spool.refused:
        sys.exit(LEFT)
