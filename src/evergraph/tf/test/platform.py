"""What tests ask of the machine, their folder for files, and how a test file runs."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from ...runtime.devices import list_devices


def gpu_device_name() -> str:
    """The name of a GPU that programs run on here, or an empty string."""
    return next((d.name for d in list_devices() if d.device_type == "GPU"), "")


def is_gpu_available(cuda_only: Any = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether programs run on a GPU here. The arguments may only narrow that down."""
    return bool(gpu_device_name())


def is_built_with_cuda() -> bool:
    """Whether this build drives CUDA devices: no."""
    return False


def is_built_with_rocm() -> bool:
    """Whether this build drives ROCm devices: no."""
    return False


def is_built_with_gpu_support() -> bool:
    """Whether this build drives GPUs of any kind: no."""
    return is_built_with_cuda() or is_built_with_rocm()


@cache
def get_temp_dir() -> str:
    """A folder for the files of this process's tests; it is deleted when the process ends.

    It lies below `TEST_TMPDIR` where that is set.
    """
    root = os.environ.get("TEST_TMPDIR")
    folder = tempfile.mkdtemp(prefix=Path(sys.argv[0] or "test").stem + "-", dir=root)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def test_src_dir_path(relative_path: str) -> str:
    """The path of a file of TensorFlow's tree below `TEST_SRCDIR`; KeyError where that is unset."""
    return os.path.join(os.environ["TEST_SRCDIR"], "org_tensorflow/tensorflow", relative_path)


def main(argv: Any = None) -> None:
    """Runs the tests of the main module, as named on the command line, then ends the process.

    Flags of the program are parsed first; those it does not know are left to unittest.
    """
    from absl.testing import absltest

    from ..app import run

    run(main=lambda args: absltest.main(argv=args), argv=sys.argv if argv is None else argv)
