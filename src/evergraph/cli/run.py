"""`evergraph run`: a program runs as `__main__`, with evergraph in TensorFlow's place."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from evergraph.cli import sources, tracebacks
from evergraph.compat import alias, headless, heal, python2
from evergraph.compat.notes import note

_INTERRUPTED = 130


class StopProgram(BaseException):
    """Ends the program from within a `Session.run`; no `except Exception` stops it."""


class _StepLimit:
    """Counts the calls of `Session.run` and ends the program at the one after the last."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.count = 0
        self.lock = threading.Lock()

    def __call__(self, session: Any) -> None:
        with self.lock:
            self.count += 1
        if self.count > self.steps:
            raise StopProgram


def run_program(
    path: Path, args: Sequence[str], py2: bool = False, steps: int | None = None, heal: bool = True
) -> int:
    """Runs a program file and returns its exit code; its uncaught errors are reported."""
    _prepare(path, args, py2, heal)
    if steps is not None:
        from evergraph.runtime.session import add_run_observer

        add_run_observer(_StepLimit(steps))
    try:
        _execute(path, py2, heal)
    except StopProgram:
        note(f"stopped after {steps} Session.run calls (--steps)")
    except SystemExit as request:
        return _exit_code(request)
    except KeyboardInterrupt:
        tracebacks.print_report(*_current_error())
        return _INTERRUPTED
    except Exception:
        kind, error, trace = _current_error()
        hook = sys.excepthook
        (tracebacks.print_report if hook is sys.__excepthook__ else hook)(kind, error, trace)
        return 1
    return 0


def _current_error() -> Any:
    return sys.exc_info()


def _prepare(path: Path, args: Sequence[str], py2: bool, healing: bool) -> None:
    """Makes this process the program's: arguments, import path, names that went."""
    sys.argv = [str(path), *args]
    sys.path[0] = str(path.resolve().parent)
    threading.excepthook = _report_thread
    alias.install_as_tensorflow()
    headless.activate()
    if healing:
        heal.activate()
    python2.convert_imports(always=py2, heal=healing)


def _report_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, StopProgram | SystemExit):
        name = args.thread.name if args.thread else "?"
        print(f"Exception in thread {name}:", file=sys.stderr)
        tracebacks.print_report(args.exc_type, args.exc_value, args.exc_traceback)


def _execute(path: Path, py2: bool, healing: bool) -> None:
    module = ModuleType("__main__")
    space = module.__dict__
    space.update(__file__=str(path.resolve()), __builtins__=__builtins__, **python2.namespace())
    sys.modules["__main__"] = module
    for part in sources.parts(path, py2):
        if healing:
            space.update(heal.python2_builtins(part.text, part.code.co_filename))
        exec(part.code, space)


def _exit_code(request: SystemExit) -> int:
    """What Python makes of `sys.exit(x)`: nothing, a number or a message."""
    if request.code is None:
        return 0
    if isinstance(request.code, int):
        return request.code
    print(request.code, file=sys.stderr)
    return 1
