"""pcc on the command line."""

import os
import sys

from .errors import PccError
from .loop import sample
from .options import read_options
from .output import Output
from .units import plain


def main() -> None:
    """Entry point: sample, then one line on what was done; an error is one line, too."""
    try:
        options = read_options(sys.argv[1:], os.environ)
        output = Output(options.collection)
        if not options.quiet:
            sys.stderr.write(
                "pcc: collection {} into {}: every {} s for {} s\n".format(
                    options.id, options.collection, plain(options.frequency), plain(options.duration)
                )
            )
            sys.stderr.flush()
        try:
            facts = sample(options, output)
        finally:
            output.close()
    except PccError as error:
        sys.stderr.write("pcc: {}\n".format(error))
        sys.exit(error.exit_code)
    if not options.quiet:
        sys.stderr.write(
            "pcc: {ticks} ticks, {missed} missed, {bytes} bytes, {cpu_seconds:.2f} s CPU, ended by {reason}\n".format(
                **facts
            )
        )


if __name__ == "__main__":
    main()
