"""The collector's command line and environment, from the parameters of a module.

ValueError, in words for the user, where a parameter cannot be used.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ansible_collections.perfops.perfops.plugins.module_utils.collections import SPOOL


def command(params, program, collection):
    """The words of the command line; never the key."""
    words = [sys.executable, str(program), "--id", collection.id, "--collection", str(collection.file)]
    words += ["--duration", params["duration"], "--frequency", params["frequency"]]
    if params["identifier"]:
        words += ["--identifier", params["identifier"]]
    labels = joined(params["labels"])
    words += ["--labels", labels] if labels else []
    return words + (streaming(params) if params["mode"] == "trickle" else [])


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
    return words + (["--cafile", params["cafile"]] if params["cafile"] else [])


def environment(params):
    """This environment without the collector's variables, and with the key where it sends."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("PCC_")}
    if params["mode"] == "trickle":
        found["PCC_APIKEY"] = params["apikey"]
    return found
