"""`tf.test`: test cases for graphs, comparisons of arrays, and checks of gradients."""

from __future__ import annotations

from unittest import mock

from ..train.server_lib import create_local_cluster
from .benchmark import Benchmark, benchmark_config
from .case import TestCase
from .gradient_checker import compute_gradient, compute_gradient_error
from .graphs import assert_equal_graph_def
from .platform import (
    get_temp_dir,
    gpu_device_name,
    is_built_with_cuda,
    is_built_with_gpu_support,
    is_built_with_rocm,
    is_gpu_available,
    main,
    test_src_dir_path,
)
from .stubs import StubOutForTesting

__all__ = [
    "Benchmark",
    "StubOutForTesting",
    "TestCase",
    "assert_equal_graph_def",
    "benchmark_config",
    "compute_gradient",
    "compute_gradient_error",
    "create_local_cluster",
    "get_temp_dir",
    "gpu_device_name",
    "is_built_with_cuda",
    "is_built_with_gpu_support",
    "is_built_with_rocm",
    "is_gpu_available",
    "main",
    "mock",
    "test_src_dir_path",
]
