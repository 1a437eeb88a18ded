"""The assertions of `tf.test.TestCase`: each takes arrays, Tensors and nested structures alike."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ml_dtypes
import numpy as np
from absl.testing import absltest

from ...core.scopes import format_device, parse_device
from ...core.tensor import Tensor
from ...errors import OpError

_SHOWN = 10  # offending elements that a message lists
_LONG = 500  # elements of an array that a message still shows in full


def _device(device: Any) -> str:
    text = device.to_string() if hasattr(device, "to_string") else device or ""
    return format_device(parse_device(str(text)))


def _listed(where: Any, array: np.ndarray[Any, Any]) -> str:
    """The first elements at some places of an array, one a line."""
    places = np.transpose(where)
    lines = [f"  {place} : {array[tuple(place)]}" for place in places[:_SHOWN]]
    return "\n".join(lines + ["  ..."] * (len(places) > _SHOWN))


def _is_nan(array: np.ndarray[Any, Any]) -> Any:
    kinds = (np.float16, np.float32, np.float64, ml_dtypes.bfloat16)
    return np.isnan(array) if array.dtype in kinds else np.zeros(array.shape, bool)


def _is_ragged(value: Any) -> bool:
    return hasattr(value, "nested_row_splits")


def _as_bytes(value: Any) -> Any:
    """Nested lists with text as bytes, which is what runs give."""
    if isinstance(value, list):
        return [_as_bytes(item) for item in value]
    return value.encode() if isinstance(value, str) else value


def _as_mapping(value: Any) -> Any:
    return value._asdict() if hasattr(value, "_asdict") else value


def _matches(expected: Any, error: Exception) -> bool:
    """Whether an error is the expected one: by a function of it, or by its text and operation."""
    if callable(expected):
        return bool(expected(error))
    text = error.message if isinstance(error, OpError) else str(error)
    op = getattr(error, "op", None)
    if op is not None:
        text += f"\nCaused by: {op.name}"
    return re.search(expected, text) is not None


class Assertions(absltest.TestCase):
    """Comparisons of what Tensors, arrays and messages hold."""

    def evaluate(self, tensors: Any) -> Any:
        """The values of a tensor or of a structure of tensors."""
        raise NotImplementedError

    # Python 3.12 took these names from unittest; TensorFlow 1's programs use them.
    assertItemsEqual = absltest.TestCase.assertCountEqual
    assertRaisesRegexp = absltest.TestCase.assertRaisesRegex
    assertRegexpMatches = absltest.TestCase.assertRegex
    assertNotRegexpMatches = absltest.TestCase.assertNotRegex
    assertEquals = absltest.TestCase.assertEqual
    assertNotEquals = absltest.TestCase.assertNotEqual
    assertAlmostEquals = absltest.TestCase.assertAlmostEqual
    assertNotAlmostEquals = absltest.TestCase.assertNotAlmostEqual
    assert_ = absltest.TestCase.assertTrue

    def _GetNdArray(self, a: Any) -> np.ndarray[Any, Any]:
        if isinstance(a, Tensor) or hasattr(a, "_as_graph_element"):
            a = self.evaluate(a)
        if isinstance(a, np.ndarray):
            return a
        try:
            return np.array(a)
        except ValueError:  # a structure whose parts differ in shape
            return np.array(a, dtype=object)

    def _GetPyList(self, a: Any) -> Any:
        """Nested lists of a value, which may be ragged."""
        if isinstance(a, (list, tuple)):
            return [self._GetPyList(item) for item in a]
        if isinstance(a, Tensor) or hasattr(a, "_to_components"):
            a = self.evaluate(a)
        if _is_ragged(a):
            return a.to_list()
        return _as_bytes(a.tolist() if hasattr(a, "tolist") else a)

    def _same_shape(self, a: Any, b: Any, msg: str) -> None:
        contents = f" Contents: {b}." if b.ndim <= 3 or b.size < _LONG else ""
        text = f"Shape mismatch: expected {a.shape}, got {b.shape}.{contents} {msg}"
        self.assertEqual(a.shape, b.shape, text)

    # -- equal and close -------------------------------------------------------------------
    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Fails unless both have one shape and equal elements; NaN equals NaN."""
        if _is_ragged(a) or _is_ragged(b):
            self.assertEqual(self._GetPyList(a), self._GetPyList(b), msg)
            return
        a, b, msg = self._GetNdArray(a), self._GetNdArray(b), msg or ""
        self._same_shape(a, b, msg)
        differ = ~((a == b) | (_is_nan(a) & _is_nan(b)))
        if np.any(differ):
            x, y = (a[differ], b[differ]) if a.ndim else (a, b)
            where = f"not equal where = {np.where(differ)}\n" if a.ndim else ""
            self.fail(f"{msg}\n{where}not equal lhs = {x}\nnot equal rhs = {y}")

    def assertNotAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Fails if `assertAllEqual` passes."""
        self._fails(lambda: self.assertAllEqual(a, b, msg), "The two values are equal everywhere.")

    def assertAllClose(
        self, a: Any, b: Any, rtol: Any = 1e-6, atol: Any = 1e-6, msg: Any = None
    ) -> None:
        """Fails unless `|a - b| <= atol + rtol * |b|` in every element; NaN is close to NaN.

        Dictionaries, named tuples and lists are compared part by part. Raises ValueError where
        only one is a dictionary, or the lengths differ.
        """
        if _is_ragged(a) or _is_ragged(b):
            self._ragged_close(self._GetPyList(a), self._GetPyList(b), rtol, atol, msg or "")
            return
        self._close(a, b, rtol, atol, msg or "", "")

    def _ragged_close(self, a: Any, b: Any, rtol: Any, atol: Any, msg: Any) -> None:
        """Fails unless the lists of both nest alike and their numbers are close."""
        if not isinstance(a, list) and not isinstance(b, list):
            self._arrays_close(a, b, rtol, atol, msg)
            return
        self.assertEqual(isinstance(a, list), isinstance(b, list), msg)
        self.assertEqual(len(a), len(b), msg)
        for x, y in zip(a, b, strict=True):
            self._ragged_close(x, y, rtol, atol, msg)

    def _close(self, a: Any, b: Any, rtol: Any, atol: Any, msg: Any, path: str) -> None:
        a, b = _as_mapping(a), _as_mapping(b)
        if isinstance(a, Mapping) != isinstance(b, Mapping):
            raise ValueError(f"Can't compare dict to non-dict, a{path} vs b{path}. {msg}")
        if isinstance(a, Mapping):
            keys = f"mismatched keys: a{path} has keys {list(a)}, but b{path} has keys {list(b)}. "
            self.assertCountEqual(a.keys(), b.keys(), keys + msg)
            for key in a:
                self._close(a[key], b[key], rtol, atol, msg, f"{path}[{key}]")
        elif isinstance(a, (list, tuple)):
            self._sequences_close(a, b, rtol, atol, msg, path)
        else:
            self._arrays_close(a, b, rtol, atol, f"Mismatched value: a{path} differs. {msg}")

    def _sequences_close(self, a: Any, b: Any, rtol: Any, atol: Any, msg: Any, path: str) -> None:
        try:
            arrays = self._GetNdArray(a), self._GetNdArray(b)
            whole = not any(x.dtype == object for x in arrays)
        except (ValueError, TypeError, NotImplementedError):
            whole = False  # ragged, or of Tensors: part by part
        if whole:
            text = f"Mismatched value: a{path} is different from b{path}. {msg}"
            self._arrays_close(*arrays, rtol, atol, text)
            return
        if len(a) != len(b):
            raise ValueError(
                f"Mismatched length: a{path} has {len(a)} items, but b{path} has {len(b)}. {msg}"
            )
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            self._close(x, y, rtol, atol, msg, f"{path}[{index}]")

    def _arrays_close(self, a: Any, b: Any, rtol: Any, atol: Any, msg: str) -> None:
        a, b = self._GetNdArray(a), self._GetNdArray(b)
        self._same_shape(a, b, msg)
        close = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
        if np.all(close):
            return
        x, y = (a[~close], b[~close]) if a.ndim else (a, b)
        where = f"not close where = {np.where(~close)}\n" if a.ndim else ""
        self.fail(
            f"{msg}\n{where}not close lhs = {x}\nnot close rhs = {y}\n"
            f"not close dif = {np.abs(x - y)}\nnot close tol = {atol + rtol * np.abs(y)}\n"
            f"dtype = {a.dtype}, shape = {a.shape}"
        )

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: Any = 1e-6,
        atol: Any = 1e-6,
        float_rtol: Any = 1e-6,
        float_atol: Any = 1e-6,
        half_rtol: Any = 1e-3,
        half_atol: Any = 1e-3,
        bfloat16_rtol: Any = 1e-2,
        bfloat16_atol: Any = 1e-2,
        msg: Any = None,
    ) -> None:
        """`assertAllClose` with the widest of the tolerances that the two dtypes ask for."""
        a, b = self._GetNdArray(a), self._GetNdArray(b)
        widest = (
            (("float32", "complex64"), float_rtol, float_atol),
            (("float16",), half_rtol, half_atol),
            (("bfloat16",), bfloat16_rtol, bfloat16_atol),
        )
        for names, relative, absolute in widest:
            if a.dtype.name in names or b.dtype.name in names:
                rtol, atol = max(rtol, relative), max(atol, absolute)
        self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)

    def assertNotAllClose(self, a: Any, b: Any, **kwargs: Any) -> None:
        """Fails if `assertAllClose` passes."""
        self._fails(lambda: self.assertAllClose(a, b, **kwargs), "The two values are close.")

    def _fails(self, check: Any, text: str) -> None:
        try:
            check()
        except AssertionError:
            return
        self.fail(text)

    def assertNear(self, f1: Any, f2: Any, err: Any, msg: Any = None) -> None:
        """Fails unless two numbers differ by `err` at most."""
        more = f" ({msg})" if msg is not None else ""
        self.assertTrue(f1 == f2 or math.fabs(f1 - f2) <= err, f"{f1} != {f2} +/- {err}{more}")

    def assertArrayNear(self, farray1: Any, farray2: Any, err: Any, msg: Any = None) -> None:
        """Fails unless two lists are of one length and their numbers differ by `err` at most."""
        self.assertEqual(len(farray1), len(farray2), msg=msg)
        for f1, f2 in zip(farray1, farray2, strict=True):
            self.assertNear(float(f1), float(f2), err, msg=msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: Any, msg: Any = None) -> None:
        """Fails unless the norm of the difference of two arrays is below `err`."""
        self.assertTrue(self._NDArrayNear(ndarray1, ndarray2, err), msg=msg)

    def _NDArrayNear(self, ndarray1: Any, ndarray2: Any, err: Any) -> bool:
        return bool(np.linalg.norm(ndarray1 - ndarray2) < err)

    # -- bounds and sets -------------------------------------------------------------------
    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Fails unless every element is above the target."""
        self.assertGreater(np.min(self._GetNdArray(a)), comparison_target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Fails unless every element is below the target."""
        self.assertLess(np.max(self._GetNdArray(a)), comparison_target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Fails if an element is below the target."""
        self.assertGreaterEqual(np.min(self._GetNdArray(a)), comparison_target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Fails if an element is above the target."""
        self.assertLessEqual(np.max(self._GetNdArray(a)), comparison_target)

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: Any = False,
        open_upper_bound: Any = False,
    ) -> None:
        """Fails unless every element lies between the bounds; an open bound itself is outside.

        NaN lies in no range; arrays that are not of integers or floats fail too.
        """
        array = self._GetNdArray(target)
        if array.dtype.kind not in "iuf":
            self.fail(f"The value of {target} does not have an ordered numeric type: {array.dtype}")
        nan = np.where(np.isnan(array))
        if np.size(nan):
            self.fail(f"{len(nan[0])} of {array.size} elements are NaN:\n{_listed(nan, array)}")
        low = array <= lower_bound if open_lower_bound else array < lower_bound
        high = array >= upper_bound if open_upper_bound else array > upper_bound
        outside = np.where(low | high)
        if np.size(outside):
            left, right = "[("[bool(open_lower_bound)], "])"[bool(open_upper_bound)]
            self.fail(
                f"{len(outside[0])} of {array.size} elements are outside the range "
                f"{left}{lower_bound}, {upper_bound}{right}:\n{_listed(outside, array)}"
            )

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Fails unless every element is one of the set's."""
        others = np.setdiff1d(self._GetNdArray(target).ravel(), list(expected_set))
        if others.size:
            self.fail(f"{others.size} element(s) are not in the set {expected_set}: {others}")

    # -- dtypes, shapes, devices, texts ----------------------------------------------------
    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """Fails unless the array's dtype is the expected one."""
        expected = getattr(expected_dtype, "as_numpy_dtype", expected_dtype)
        self.assertEqual(self._GetNdArray(target).dtype, expected)

    def assertShapeEqual(self, np_array: Any, tf_tensor: Any, msg: Any = None) -> None:
        """Fails unless the Tensor's static shape is the array's. TypeError for other arguments."""
        if not isinstance(np_array, (np.ndarray, np.generic)):
            raise TypeError("np_array must be a Numpy ndarray or Numpy scalar")
        if not isinstance(tf_tensor, Tensor):
            raise TypeError("tf_tensor must be a Tensor")
        self.assertAllEqual(np_array.shape, tf_tensor.get_shape().as_list(), msg=msg)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: Any = None) -> None:
        """Fails unless two device names or DeviceSpecs mean one device."""
        one, two = _device(device1), _device(device2)
        self.assertEqual(one, two, f"Devices {one} and {two} are not equal. {msg}")

    def assertStartsWith(self, actual: Any, expected_start: Any, msg: Any = None) -> None:
        """Fails unless a text starts with another."""
        more = f" : {msg!r}" if msg else ""
        if not actual.startswith(expected_start):
            self.fail(f"{actual!r} does not start with {expected_start!r}{more}")

    # -- messages --------------------------------------------------------------------------
    def assertProtoEquals(
        self, expected_message_maybe_ascii: Any, message: Any, msg: Any = None
    ) -> None:
        """Fails unless a protobuf message equals another one, or its text form."""
        from google.protobuf import text_format

        expected = expected_message_maybe_ascii
        if isinstance(expected, str):
            pool = message.DESCRIPTOR.file.pool
            expected = text_format.Parse(expected, type(message)(), descriptor_pool=pool)
        if not isinstance(expected, type(message)):
            self.fail(f"Can't compare messages of type {type(expected)} and {type(message)}. {msg}")
        if expected != message:
            self.assertEqual(str(expected), str(message), msg)
            self.fail(f"The messages differ though their texts do not. {msg or ''}")

    def assertProtoEqualsVersion(
        self,
        expected: Any,
        actual: Any,
        producer: Any = 134,
        min_consumer: Any = 0,
        msg: Any = None,
    ) -> None:
        """`assertProtoEquals` with these graph versions in front of the expected text."""
        versions = f"versions {{ producer: {producer} min_consumer: {min_consumer} }};\n"
        self.assertProtoEquals(versions + expected, actual, msg=msg)

    # -- errors ----------------------------------------------------------------------------
    @contextmanager
    def assertRaisesWithPredicateMatch(  # type: ignore[override]
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """Fails unless the block raises an error of the type, and the expected one.

        That is a function of the error, or a regular expression for its message, to which the
        name of the operation that failed is added.
        """
        try:
            yield
        except Exception as error:
            if not isinstance(error, exception_type) or not _matches(
                expected_err_re_or_predicate, error
            ):
                raise AssertionError(f"Exception of type {type(error)}: {error}") from error
        else:
            self.fail(f"{exception_type.__name__} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """`assertRaisesWithPredicateMatch` for `tf.errors`."""
        return self.assertRaisesWithPredicateMatch(OpError, expected_err_re_or_predicate)
