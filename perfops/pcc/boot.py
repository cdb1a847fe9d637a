"""What runs first in the packed file: reads the command line, or goes on where handover.py left off."""

import os
import sys


class Codes:
    """Finds modules among compiled ones; takes the place of the archive."""

    def __init__(self, codes):  # type: ignore[no-untyped-def]  # nothing here may cost an import
        self.codes = dict(codes)

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]  # noqa: ARG002
        """The specification of a module, None for those of others."""
        if name not in self.codes:
            return None
        from _frozen_importlib import ModuleSpec  # importlib.machinery is this and much else

        return ModuleSpec(name, self, origin="handed over", is_package=name == "pcc")  # type: ignore[arg-type]

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        """No special module."""

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        """Run a module's code."""
        exec(self.codes.pop(module.__name__), module.__dict__)  # noqa: S102


def go_on(descriptor: int) -> None:
    """Sample with the options that were handed over, in the modules that were."""
    import marshal

    with open(descriptor, "rb") as file:
        codes, values = marshal.loads(file.read())  # noqa: S302 - from this very process, a moment ago
    sys.meta_path.insert(0, Codes(codes))  # type: ignore[no-untyped-call]
    from pcc.modes import runner
    from pcc.settings import Options

    options = Options(*values)
    runner(options)(options)


handed_over = os.environ.pop("pcc_handed_over", "")
if handed_over:
    go_on(int(handed_over))
else:
    from pcc.__main__ import main
    from pcc.handover import hand_over

    main(hand_over)
