"""What tests of TensorFlow programs share: decorators of test methods, devices, layouts.

The decorators that choose between graphs and eager execution run the graph half: evergraph builds
graphs, as TensorFlow 1 does.
"""

from __future__ import annotations

import functools
import gc
import inspect
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import TestLoader

from ...core.graph import get_default_graph
from ...core.tensor import Tensor
from ..train.server_lib import create_local_cluster as create_local_cluster
from .case import GRAPH_SEED, TestCase
from .graphs import (
    assert_equal_graph_def,
    assert_meta_graph_protos_equal,
    assert_ops_in_graph,
    get_node_def_from_graph,
    set_producer_version,
)
from .platform import gpu_device_name, is_gpu_available
from .stubs import StubOutForTesting

__all__ = [
    "GRAPH_SEED",
    "GpuSupportsHalfMatMulAndConv",
    "IsBuiltWithROCm",
    "IsGoogleCudaEnabled",
    "IsMklEnabled",
    "NCHWToNHWC",
    "NCHW_VECT_CToNHWC",
    "NHWCToNCHW",
    "NHWCToNCHW_VECT_C",
    "StubOutForTesting",
    "TensorFlowTestCase",
    "also_run_as_tf_function",
    "assert_equal_graph_def",
    "assert_meta_graph_protos_equal",
    "assert_no_garbage_created",
    "assert_no_new_pyobjects_executing_eagerly",
    "assert_no_new_tensors",
    "assert_ops_in_graph",
    "build_as_function_and_v1_graph",
    "deprecated_graph_mode_only",
    "device",
    "disable_control_flow_v2",
    "disable_xla",
    "enable_c_shapes",
    "enable_control_flow_v2",
    "enable_output_all_intermediates",
    "enable_tf_xla_constant_folding",
    "for_all_test_methods",
    "force_cpu",
    "force_gpu",
    "generate_combinations_with_testcase_name",
    "get_node_def_from_graph",
    "gpu_device_name",
    "is_gpu_available",
    "is_xla_enabled",
    "no_xla_auto_jit",
    "py_func_if_in_function",
    "run_all_in_graph_and_eager_modes",
    "run_cuda_only",
    "run_deprecated_v1",
    "run_gpu_only",
    "run_in_graph_and_eager_modes",
    "run_v1_only",
    "run_v2_only",
    "set_producer_version",
    "skip_if",
    "use_deterministic_cudnn",
    "use_gpu",
    "with_c_shapes",
    "with_control_flow_v2",
    "xla_allow_fallback",
]

TensorFlowTestCase = TestCase


# -- what this build is --------------------------------------------------------------------
def IsGoogleCudaEnabled() -> bool:
    """Whether this build drives CUDA devices: no."""
    return False


def IsBuiltWithROCm() -> bool:
    """Whether this build drives ROCm devices: no."""
    return False


def IsMklEnabled() -> bool:
    """Whether this build computes with Intel's MKL graph ops: no."""
    return False


def GpuSupportsHalfMatMulAndConv() -> bool:
    """Whether GPUs compute float16 products here: no."""
    return False


def is_xla_enabled() -> bool:
    """Whether tests run compiled by XLA: no."""
    return False


# -- decorators that leave a test as it is ---------------------------------------------------
def _unchanged(decorated: Any) -> Any:
    return decorated


def _unchanged_if(*reason: Any, **unused: Any) -> Any:
    return _unchanged


def _bare_or_called(func: Any = None) -> Any:
    """A decorator that changes nothing, as `@d` and as `@d()`."""
    return _unchanged if func is None else func


def run_v1_only(reason: Any, func: Any = None) -> Any:
    """Marks a test, or a class of tests, of TensorFlow 1's behaviour: it runs."""
    return _bare_or_called(func)


run_deprecated_v1 = deprecated_graph_mode_only = _bare_or_called
use_deterministic_cudnn = enable_c_shapes = with_c_shapes = _unchanged
enable_control_flow_v2 = with_control_flow_v2 = enable_output_all_intermediates = _unchanged
assert_no_new_pyobjects_executing_eagerly = also_run_as_tf_function = _unchanged
py_func_if_in_function = _unchanged
disable_control_flow_v2 = disable_xla = no_xla_auto_jit = xla_allow_fallback = _unchanged_if
enable_tf_xla_constant_folding = _unchanged_if


# -- decorators that skip or wrap ------------------------------------------------------------
def _test_names(cls: type) -> list[str]:
    prefix = TestLoader.testMethodPrefix
    names = (n for n in dir(cls) if n.startswith(prefix) and n != "test_session")
    return [n for n in names if callable(getattr(cls, n))]


def _skipping(why: str, unless: Callable[[], bool]) -> Callable[..., Any]:
    """A decorator of methods and classes whose tests are skipped unless something holds."""

    def skipping(func: Any = None) -> Any:
        if func is None:
            return skipping
        if inspect.isclass(func):
            for name in {"setUp", *_test_names(func)} & set(vars(func)):
                setattr(func, name, skipping(getattr(func, name)))
            return func

        @functools.wraps(func)
        def decorated(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not unless():
                self.skipTest(why)
            return func(self, *args, **kwargs)

        return decorated

    return skipping


run_v2_only = _skipping("Test is only compatible with v2", lambda: False)
run_gpu_only = _skipping("Test requires GPU", is_gpu_available)
run_cuda_only = _skipping("Test requires CUDA GPU", lambda: is_gpu_available(cuda_only=True))


def skip_if(condition: Any) -> Callable[..., Any]:
    """A decorator: the function returns None at once where the condition (or its value) holds."""

    def decorator(func: Any) -> Any:
        @functools.wraps(func)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            holds = condition() if callable(condition) else condition
            return None if holds else func(*args, **kwargs)

        return decorated

    return decorator


def run_in_graph_and_eager_modes(
    func: Any = None,
    config: Any = None,
    use_gpu: bool = True,
    reset_test: bool = True,
    assert_no_eager_garbage: bool = False,
) -> Any:
    """A decorator: the test method runs with a graph, in the test's cached session.

    Raises ValueError for a class.
    """

    def decorator(method: Any) -> Any:
        if inspect.isclass(method):
            raise ValueError(
                "`run_in_graph_and_eager_modes` only supports test methods. Use "
                "`run_all_in_graph_and_eager_modes` for a class."
            )

        @functools.wraps(method)
        def decorated(self: Any, *args: Any, **kwargs: Any) -> Any:
            with self.test_session(use_gpu=use_gpu, config=config):
                return method(self, *args, **kwargs)

        return decorated

    return decorator if func is None else decorator(func)


def run_all_in_graph_and_eager_modes(cls: Any) -> Any:
    """`run_in_graph_and_eager_modes` for each test of a class."""
    for name in _test_names(cls):
        if not name.startswith(("testSkipEager", "test_skip_eager")):
            setattr(cls, name, run_in_graph_and_eager_modes(getattr(cls, name)))
    return cls


def build_as_function_and_v1_graph(func: Any = None) -> Any:
    """A decorator of parameterized tests that look at graphs: each runs in a graph of its own.

    The test is named as TensorFlow names the half that builds a plain graph. Raises ValueError for
    a class.
    """
    if func is None:
        return build_as_function_and_v1_graph
    if inspect.isclass(func):
        raise ValueError("`build_as_function_and_v1_graph` only supports test methods.")
    from absl.testing import parameterized

    from ...core.graph import Graph

    named: Any = parameterized.named_parameters(("_v1_graph", "v1_graph"))  # type: ignore[no-untyped-call]

    @functools.wraps(func)
    def decorated(self: Any, run_mode: Any, *args: Any, **kwargs: Any) -> None:
        with Graph().as_default():
            func(self, *args, **kwargs)

    return named(decorated)


def for_all_test_methods(decorator: Any, *args: Any, **kwargs: Any) -> Any:
    """A class decorator: `decorator(*args, **kwargs)` on each test of the class."""

    def decorated(cls: Any) -> Any:
        for name in _test_names(cls):
            setattr(cls, name, decorator(*args, **kwargs)(getattr(cls, name)))
        return cls

    return decorated


def assert_no_new_tensors(f: Any) -> Any:
    """A decorator: fails if tensors of a graph that the test made outlive it."""

    def tensors() -> dict[int, Any]:
        gc.collect()
        return {id(x): x for x in gc.get_objects() if type(x) is Tensor}

    @functools.wraps(f)
    def decorated(self: Any, **kwargs: Any) -> Any:
        from ...core.graph import Graph

        before = set(tensors())
        with Graph().as_default():
            result = f(self, **kwargs)
        left = [x for key, x in tensors().items() if key not in before]
        if left:
            raise AssertionError(f"{len(left)} Tensors not deallocated after test: {left}")
        return result

    return decorated


def assert_no_garbage_created(f: Any) -> Any:
    """A decorator: fails if the test leaves objects that only the garbage collector can free."""

    @functools.wraps(f)
    def decorated(self: Any, **kwargs: Any) -> Any:
        gc.collect()
        flags, enabled = gc.get_debug(), gc.isenabled()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        before = len(gc.garbage)
        try:
            result = f(self, **kwargs)
            gc.collect()
            self.assertEqual(before, len(gc.garbage), "The test made reference cycles.")
        finally:
            gc.set_debug(flags)
            del gc.garbage[before:]
            if enabled:
                gc.enable()
        return result

    return decorated


def generate_combinations_with_testcase_name(**kwargs: Any) -> list[OrderedDict[str, Any]]:
    """All combinations of options, as parameters of named tests.

    Each option has a list of values, or one value; a combination also has a `testcase_name`.
    """
    # The first letter of an option alone decides its place, so the names equal TensorFlow's.
    keys = sorted(kwargs, key=lambda key: key[0])
    choices = [kwargs[k] if isinstance(kwargs[k], list) else [kwargs[k]] for k in keys]
    return [
        OrderedDict([*zip(keys, values, strict=True), ("testcase_name", _case_name(keys, values))])
        for values in itertools.product(*choices)
    ]


def _case_name(keys: Sequence[str], values: Sequence[Any]) -> str:
    def letters(text: Any) -> str:
        return "".join(filter(str.isalnum, str(text)))

    pairs = zip(keys, values, strict=True)
    return "_test" + "".join(f"_{letters(k)}_{letters(v)}" for k, v in pairs)


# -- devices -----------------------------------------------------------------------------------
@contextmanager
def device(use_gpu: Any) -> Iterator[None]:
    """Places the block's operations on a GPU if that is asked for and there, else on the CPU."""
    name = gpu_device_name() if use_gpu else ""
    with get_default_graph().device(name or "/device:CPU:0"):
        yield


@contextmanager
def use_gpu() -> Iterator[None]:
    """Places the block's operations on a GPU, or the CPU where there is none."""
    with device(use_gpu=True):
        yield


@contextmanager
def force_gpu() -> Iterator[None]:
    """Asks for the first GPU for the block's operations."""
    with get_default_graph().device("/device:GPU:0"):
        yield


@contextmanager
def force_cpu() -> Iterator[None]:
    """Places the block's operations on the CPU."""
    with get_default_graph().device("/device:CPU:0"):
        yield


# -- layouts of images -------------------------------------------------------------------------
def _rearranged(value: Any, orders: Mapping[int, Sequence[int]]) -> Any:
    from ..array_ops import transpose

    if isinstance(value, Tensor):
        return transpose(value, orders[len(value.static_shape or ())])
    return [value[axis] for axis in orders[len(value)]]


def NHWCToNCHW(input_tensor: Any) -> Any:
    """A 4-D or 5-D tensor, or its shape, with the channels moved behind the batch."""
    return _rearranged(input_tensor, {4: [0, 3, 1, 2], 5: [0, 4, 1, 2, 3]})


def NCHWToNHWC(input_tensor: Any) -> Any:
    """A 4-D or 5-D tensor, or its shape, with the channels moved to the end."""
    return _rearranged(input_tensor, {4: [0, 2, 3, 1], 5: [0, 2, 3, 4, 1]})


def NHWCToNCHW_VECT_C(input_shape_or_tensor: Any) -> Any:
    """A tensor, or its shape, with the channels behind the batch, and in fours at the end.

    Raises ValueError unless 4 divides the number of channels.
    """
    from ..array_ops import reshape

    value = input_shape_or_tensor
    is_tensor = isinstance(value, Tensor)
    shape = value.get_shape().as_list() if is_tensor else list(value)
    if shape[-1] % 4:
        raise ValueError(
            "Last dimension of input must be evenly divisible by 4 to convert to NCHW_VECT_C."
        )
    fours = [*shape[:-1], shape[-1] // 4, 4]
    orders = {5: [0, 3, 1, 2, 4], 6: [0, 4, 1, 2, 3, 5]}
    return _rearranged(reshape(value, fours) if is_tensor else fours, orders)


def NCHW_VECT_CToNHWC(input_shape_or_tensor: Any) -> Any:
    """Undoes `NHWCToNCHW_VECT_C`. Raises ValueError unless the last axis has length 4."""
    from ..array_ops import reshape

    value = input_shape_or_tensor
    is_tensor = isinstance(value, Tensor)
    shape = value.get_shape().as_list() if is_tensor else list(value)
    if shape[-1] != 4:
        raise ValueError("Last dimension of NCHW_VECT_C must be 4.")
    orders = {5: [0, 2, 3, 1, 4], 6: [0, 2, 3, 4, 1, 5]}
    moved = _rearranged(shape, orders)
    joined = [*moved[:-2], moved[-2] * moved[-1]]
    return reshape(_rearranged(value, orders), joined) if is_tensor else joined
