"""Exceptions of the engine: TensorFlow's `tf.errors` classes, with its codes.

An error that a run raises carries the operation it arose in (`op`) and, in its message, the
line of the user's program that made that operation.
"""

from __future__ import annotations

import warnings
from typing import Any

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """An error of an operation: `op` (may be None), `node_def`, `message` and `error_code`."""

    code = UNKNOWN

    def __init__(
        self,
        node_def: Any = None,
        op: Any = None,
        message: str | None = None,
        error_code: int | None = None,
    ) -> None:
        # One positional string is the message: raising from the engine stays short.
        if isinstance(node_def, str) and op is None and message is None:
            node_def, message = None, node_def
        super().__init__(message)
        self._node_def = node_def
        self._op = op
        self._message = message or ""
        self._error_code = self.code if error_code is None else error_code

    @property
    def node_def(self) -> Any:
        """The NodeDef of the operation that failed, or None."""
        return self._node_def

    @property
    def op(self) -> Any:
        """The operation that failed, or None."""
        return self._op

    @property
    def message(self) -> str:
        """What went wrong."""
        return self._message

    @property
    def error_code(self) -> int:
        """The number of the error's class, as in `tf.errors`."""
        return self._error_code

    def __str__(self) -> str:
        return self._message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None, None, self._message)


class CancelledError(OpError):
    """The operation was cancelled."""

    code = CANCELLED


class UnknownError(OpError):
    """An error of no other class."""

    code = UNKNOWN


class InvalidArgumentError(OpError):
    """A value, shape or dtype that the operation does not take."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """A deadline passed before the operation was done."""

    code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """A file, key or resource that is not there."""

    code = NOT_FOUND


class AlreadyExistsError(OpError):
    """What was to be made exists already."""

    code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The caller may not do this."""

    code = PERMISSION_DENIED


class ResourceExhaustedError(OpError):
    """Out of memory, disk or another resource."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The state is not ready for this, e.g. a variable is not initialised."""

    code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was broken off, e.g. by a concurrent one."""

    code = ABORTED


class OutOfRangeError(OpError):
    """Past the end, e.g. of an input or a counter's limit."""

    code = OUT_OF_RANGE


class UnimplementedError(OpError, NotImplementedError):
    """Not supported here; the message names the symbol and the nearest alternative."""

    code = UNIMPLEMENTED


class InternalError(OpError):
    """A broken invariant of the engine itself."""

    code = INTERNAL


class UnavailableError(OpError):
    """Not available now; trying again may help."""

    code = UNAVAILABLE


class DataLossError(OpError):
    """Data are corrupt or lost."""

    code = DATA_LOSS


class UnauthenticatedError(OpError):
    """The caller gave no valid credentials."""

    code = UNAUTHENTICATED


class OperatorNotAllowedInGraphError(TypeError):
    """A symbolic tensor was used as a Python value (`if t:`, `for x in t:`)."""


class InaccessibleTensorError(ValueError):
    """A tensor of another graph or function."""


def _classes() -> list[type[OpError]]:
    return [c for c in OpError.__subclasses__() if c.__module__ == __name__]


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class of an error code; KeyError if there is none."""
    return {c.code: c for c in _classes()}[error_code]


def error_code_from_exception_type(cls: Any) -> Any:
    """The error code of a class; with a warning, an UnknownError for what is no such class."""
    code = {c: c.code for c in _classes()}.get(cls)
    if code is not None:
        return code
    warnings.warn("Unknown class exception", stacklevel=2)
    return UnknownError(None, None, "Unknown class exception", UNKNOWN)


def make_specific_exception(
    node_def: Any, op: Any, message: str | None, error_code: int
) -> OpError:
    """The exception of an error code; with a warning, an UnknownError where there is none."""
    try:
        kind = exception_type_from_error_code(error_code)
    except KeyError:
        warnings.warn(f"Unknown error code: {error_code}", stacklevel=2)
        return UnknownError(node_def, op, message, error_code)
    return kind(node_def, op, message)
