"""`tf.app`: a program's start, and its flags."""

from __future__ import annotations

import sys
from typing import Any

from . import flags

__all__ = ["flags", "run"]


def run(main: Any = None, argv: Any = None) -> None:
    """Parses the flags, then ends the process with what `main(argv)` returns.

    `main` is by default the main module's function of that name; it gets the command line
    (`argv`, else `sys.argv`) without the flags that were known.
    """
    import absl.app
    import absl.logging

    # absl sets up a handler of its own: what tf.logging shows already must not come twice.
    absl.logging.get_absl_handler().addFilter(lambda record: record.name != "tensorflow")
    main = main or sys.modules["__main__"].main
    absl.app.run(main=main, argv=argv, flags_parser=flags.parse)
