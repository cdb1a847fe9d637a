"""The collector's command line and environment, from the parameters of a module; and what came of others before.

ValueError, in words for the user, where a parameter cannot be used.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from ansible_collections.perfops.perfops.plugins.module_utils.collections import CERTIFICATES, SPOOL, seconds_of

NEAR = 1.0  # seconds by which a clock may be off before a start is corrected for it


def command(params, program, collection):
    """The words of the command line; never the key."""
    words = [sys.executable, str(program), "--id", collection.id, "--collection", str(collection.file)]
    words += ["--duration", params["duration"], "--frequency", params["frequency"]]
    if params["start_at"]:
        words += ["--start-at", "{0:.3f}".format(moment(params))]
    if params["identifier"]:
        words += ["--identifier", params["identifier"]]
    labels = joined(params["labels"])
    words += ["--labels", labels] if labels else []
    return words + (streaming(params) if params["mode"] == "trickle" else [])


def going_on(params, facts):
    """Of what samples already, or has: that it began with other values than those of now, which are not taken.

    '' where it did not, and where nobody knows.
    """
    told = []
    for name in ("duration", "frequency"):
        began, asked = facts.get(name), seconds_of(str(params.get(name) or ""))
        if began and asked and began != asked:
            told.append("a {0} of {1:.12g} s, not {2:.12g} s".format(name, began, asked))
    if not told or not (facts.get("running") or facts.get("finished")):
        return ""
    what = "samples already goes on as it has begun" if facts.get("running") else "was sampled there stays as it is"
    return "what {0}, with {1} (another run name samples anew)".format(what, " and ".join(told))


def moment(params):
    """The time to begin at by this machine's clock; one that is hardly off keeps the same time as all others."""
    offset = params["clock_offset"] or 0.0
    return params["start_at"] + (offset if abs(offset) > NEAR else 0.0)


def clock_needs(params):
    """How far this clock is off, where it seems to be, and nobody has said: the way here took time, too."""
    if not params["start_at"] or not params["sent_at"] or params["clock_offset"] is not None:
        return []
    return ["clock_offset"] if abs(time.time() - params["sent_at"]) > NEAR else []


def joined(labels):
    """The labels as the collector reads them."""
    for key, value in labels.items():
        if "," in "{0}{1}".format(key, value) or "=" in key or not key:
            raise ValueError("bad label {0!r}: {1!r} (no commas, and no '=' in keys)".format(key, value))
    return ",".join("{0}={1}".format(key, value) for key, value in labels.items())


def streaming(params):
    """What it needs beside to send."""
    for name in ("server", "apikey"):
        if not params[name]:
            raise ValueError("mode trickle needs {0} (give the receiver's address and a key it knows)".format(name))
    words = ["--mode", "trickle", "--server", params["server"], "--spool", str(Path(params["home"], SPOOL))]
    for name in ("batch", "flush", "spool_max", "spool_full"):
        words += ["--" + name.replace("_", "-"), params[name]]
    cafile = params["cafile"] or (params["certificates"] and str(Path(params["home"], CERTIFICATES)))
    return words + (["--cafile", cafile] if cafile else [])


def environment(params):
    """This environment without the collector's variables, and with the key where it sends."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("PCC_")}
    if params["mode"] == "trickle":
        found["PCC_APIKEY"] = params["apikey"]
    return found
