"""`tf.flags`: absl's flags, which are read from the command line when first used.

All names of `absl.flags` are here. A flag defined twice raises `DuplicateFlagError`, except that
a program may define flags that absl's own modules have (`log_dir`, `verbosity`, `v`): TensorFlow
had them free before it took absl's flags over.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import absl.logging  # noqa: F401 - defines its flags before a program does
from absl import flags as _absl

from .logging import warning as _warning

_RENAMED = {"flag_name": "name", "default_value": "default", "docstring": "help"}
_KEPT = ("absl.flags",)  # `--flagfile` and `--undefok` stay what they are


def _free_flags_of_absl() -> None:
    for module, flags in _absl.FLAGS.flags_by_module_dict().items():
        if module.startswith("absl.") and module not in _KEPT:
            for flag in flags:
                flag.allow_override = True


def _with_old_names(define: Callable[..., Any]) -> Callable[..., Any]:
    """A `DEFINE_...` function that takes the argument names of early versions too."""

    @functools.wraps(define)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        renamed = {_RENAMED.get(key, key): value for key, value in kwargs.items()}
        if renamed.keys() != kwargs.keys():
            _warning(
                "Use of the keyword argument names (flag_name, default_value, docstring) is "
                "deprecated, please use (name, default, help) instead."
            )
        return define(*args, **renamed)

    return wrapper


def parse(argv: Sequence[str] | None = None) -> list[str]:
    """Reads the flags from a command line (`sys.argv`); returns what is no known flag."""
    return list(_absl.FLAGS(list(sys.argv if argv is None else argv), known_only=True))


class _Flags:
    """All flags by name. Reading one parses the command line if that has not been done."""

    def __getattr__(self, name: str) -> Any:
        if name in _absl.FLAGS and not _absl.FLAGS.is_parsed():
            parse()
        return getattr(_absl.FLAGS, name)

    def _parse_flags(self, args: Sequence[str] | None = None) -> None:
        """Parses arguments; what TensorFlow before 1.5 called it."""
        parse(None if args is None else [sys.argv[0], *args])

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_absl.FLAGS, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_absl.FLAGS, name)

    def __dir__(self) -> list[str]:
        return list(dir(_absl.FLAGS))

    def __contains__(self, name: str) -> bool:
        return name in _absl.FLAGS

    def __getitem__(self, name: str) -> Any:
        return _absl.FLAGS[name]

    def __setitem__(self, name: str, flag: Any) -> None:
        _absl.FLAGS[name] = flag

    def __len__(self) -> int:
        return len(_absl.FLAGS)

    def __iter__(self) -> Iterator[str]:
        return iter(_absl.FLAGS)

    def __str__(self) -> str:
        return str(_absl.FLAGS)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _absl.FLAGS(*args, **kwargs)


# Flags count as those of the module that calls DEFINE_..., not as this one's.
_absl.disclaim_key_flags()
_free_flags_of_absl()
__all__ = ["FLAGS", *(name for name in _absl.__all__ if name != "FLAGS")]
globals().update({name: getattr(_absl, name) for name in __all__})
for _name in ("string", "boolean", "bool", "float", "integer"):
    globals()[f"DEFINE_{_name}"] = _with_old_names(getattr(_absl, f"DEFINE_{_name}"))
FLAGS = _Flags()
