"""evergraph: TensorFlow 1's API on an engine of its own.

`from evergraph import tf` is TensorFlow 1.15's API; `install_as_tensorflow()` makes
`import tensorflow` mean it; `profile()` counts the bytes that runs feed and fetch.
Importing this package loads nothing but itself: the parts are loaded when they are used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import tf
    from .compat.alias import install_as_tensorflow
    from .runtime.profile import profile
    from .runtime.traps import EvergraphWarning

__version__ = "0.1.0"
__all__ = ["EvergraphWarning", "__version__", "install_as_tensorflow", "profile", "tf"]

_PARTS = {
    "tf": ("tf", None),
    "install_as_tensorflow": ("compat.alias", "install_as_tensorflow"),
    "profile": ("runtime.profile", "profile"),
    "EvergraphWarning": ("runtime.traps", "EvergraphWarning"),
}


def __getattr__(name: str) -> Any:
    if name not in _PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PARTS[name]
    part = import_module(f"{__name__}.{module}")
    value = part if attribute is None else getattr(part, attribute)
    globals()[name] = value
    return value


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints an uncaught error with a traceback that ends at the user's line."""
    import_module(f"{__name__}.cli.tracebacks").print_report(kind, error, trace)


if sys.excepthook is sys.__excepthook__:
    sys.excepthook = _report
