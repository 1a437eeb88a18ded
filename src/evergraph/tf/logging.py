"""`tf.logging`: the logger named `tensorflow`, with levels and helpers of its own names."""

from __future__ import annotations

import logging as _logging
import sys
from collections import Counter
from functools import cache
from logging import DEBUG, ERROR, FATAL, INFO, WARN
from typing import Any

__all__ = [
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "TaskLevelStatusMessage",
    "debug",
    "error",
    "fatal",
    "flush",
    "get_logger",
    "get_verbosity",
    "info",
    "log",
    "log_every_n",
    "log_first_n",
    "log_if",
    "set_verbosity",
    "vlog",
    "warn",
    "warning",
]

_seen: Counter[tuple[str, int]] = Counter()


@cache
def get_logger() -> _logging.Logger:
    """The logger that all of `tf.logging` writes to, named `tensorflow`.

    It writes `LEVEL:tensorflow:text` to stderr (to stdout in an interactive Python, from INFO
    on), unless the program has set up logging of its own before.
    """
    logger = _logging.getLogger("tensorflow")
    if not _logging.getLogger().handlers:
        interactive = hasattr(sys, "ps1") or bool(sys.flags.interactive)
        if interactive:
            logger.setLevel(INFO)
        handler = _logging.StreamHandler(sys.stdout if interactive else sys.stderr)
        handler.setFormatter(_logging.Formatter(_logging.BASIC_FORMAT))
        logger.addHandler(handler)
    return logger


def _log(level: int, msg: Any, args: Any, kwargs: Any) -> None:
    # The record names the line that called the public function above this one.
    get_logger().log(level, msg, *args, **{"stacklevel": 3, **kwargs})


def log(level: Any, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at a level."""
    _log(level, msg, args, kwargs)


def vlog(level: Any, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at a level."""
    _log(level, msg, args, kwargs)


def debug(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level DEBUG."""
    _log(DEBUG, msg, args, kwargs)


def info(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level INFO."""
    _log(INFO, msg, args, kwargs)


def warn(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level WARN."""
    _log(WARN, msg, args, kwargs)


def warning(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level WARN."""
    _log(WARN, msg, args, kwargs)


def error(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level ERROR."""
    _log(ERROR, msg, args, kwargs)


def fatal(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level FATAL; the program goes on."""
    _log(FATAL, msg, args, kwargs)


def TaskLevelStatusMessage(msg: Any) -> None:
    """Logs a message at level ERROR."""
    _log(ERROR, msg, (), {})


def flush() -> None:
    """Flushes what the logger writes to."""
    for handler in get_logger().handlers:
        handler.flush()


def _calls_before() -> int:
    """How often the line that called a function of this module has called it before."""
    frame = sys._getframe(2)
    line = frame.f_code.co_filename, frame.f_lineno
    _seen[line] += 1
    return _seen[line] - 1


def log_every_n(level: Any, msg: Any, n: Any, *args: Any) -> None:
    """Logs the first, the (n+1)-th, the (2n+1)-th ... call from this line of the program."""
    if _calls_before() % n == 0:
        _log(level, msg, args, {})


def log_first_n(level: Any, msg: Any, n: Any, *args: Any) -> None:
    """Logs the first n calls from this line of the program."""
    if _calls_before() < n:
        _log(level, msg, args, {})


def log_if(level: Any, msg: Any, condition: Any, *args: Any) -> None:
    """Logs if the condition holds."""
    if condition:
        _log(level, msg, args, {})


def get_verbosity() -> int:
    """The lowest level that is shown."""
    return get_logger().getEffectiveLevel()


def set_verbosity(v: Any) -> None:
    """Sets the lowest level that is shown: a number, or a name such as "INFO"."""
    get_logger().setLevel(v)
