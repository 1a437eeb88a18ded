"""`tf.resource_loader`: files that lie beside the module that asks for them."""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = [
    "get_data_files_path",
    "get_path_to_datafile",
    "get_root_dir_with_all_resources",
    "readahead_file_path",
]


def _folder_of_caller() -> str:
    """The folder of the module that called a function of this one."""
    return os.path.dirname(sys._getframe(2).f_code.co_filename)


def get_data_files_path() -> str:
    """The folder of the calling module."""
    return _folder_of_caller()


def get_root_dir_with_all_resources() -> str:
    """The folder of the calling module."""
    return _folder_of_caller()


def get_path_to_datafile(path: Any) -> str:
    """The path of a file given relative to the calling module."""
    return os.path.join(_folder_of_caller(), path)


def readahead_file_path(path: Any, readahead: Any = "128M") -> Any:
    """The path: files are read as they come."""
    return path
