"""Random streams: recorded values, TensorFlow itself where it is installed, and distributions."""

from __future__ import annotations

import math
import threading
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph.errors import InvalidArgumentError
from evergraph.ops import philox, philox_math
from evergraph.ops.philox import Philox, random_bits
from evergraph.ops.philox_bits import blocks_at
from evergraph.ops.philox_values import normal_values, uniform_values

FLOATS = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    "float64": np.float64,
}
KEYS = st.integers(0, 2**64 - 1)
COUNTERS = st.integers(0, 2**128 - 1)


def reference_block(key: int, counter: int) -> list[int]:
    """Philox 4x32-10 of one counter, in plain integers."""
    mask = 0xFFFFFFFF
    c = [(counter >> (32 * i)) & mask for i in range(4)]
    k0, k1 = key & mask, key >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & mask, (p0 >> 32) ^ c[3] ^ k1, p0 & mask]
        k0, k1 = (k0 + 0x9E3779B9) & mask, (k1 + 0xBB67AE85) & mask
    return c


# The block function


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # the known answers of the Random123 library
        (0, 0, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        (2**128 - 1, 2**64 - 1, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            0x0370734413198A2E85A308D3243F6A88,
            0x299F31D0A4093822,
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_block_gives_the_published_answers(counter: int, key: int, expected: list[int]) -> None:
    assert random_bits(key, counter, 4).tolist() == expected
    assert reference_block(key, counter) == expected


@given(KEYS, COUNTERS, st.integers(0, 30))
@settings(deadline=None)
def test_bits_are_those_of_single_blocks(key: int, counter: int, n: int) -> None:
    expected = [w for i in range(8) for w in reference_block(key, (counter + i) % 2**128)]
    bits = random_bits(key, counter, n)
    assert bits.dtype == np.uint32
    assert bits.tolist() == expected[:n]


@pytest.mark.parametrize("distance", [0, 1, 3, 5000])
@pytest.mark.parametrize("boundary", [2**32, 2**64, 2**96, 2**128])
@pytest.mark.filterwarnings("error")
def test_counter_carries_into_every_word(boundary: int, distance: int) -> None:
    n = 4 * 5003
    bits = random_bits(77, boundary - distance, n).reshape(-1, 4)
    for i in (0, distance - 1, distance, 5002):
        if i >= 0:
            assert bits[i].tolist() == reference_block(77, (boundary - distance + i) % 2**128)


@given(COUNTERS, st.lists(st.integers(0, 2**63), min_size=1, max_size=6).map(sorted))
@settings(deadline=None)
def test_scattered_blocks(counter: int, offsets: list[int]) -> None:
    got = blocks_at(3, counter, np.array(offsets, np.uint64)).tolist()
    assert got == [reference_block(3, (counter + at) % 2**128) for at in offsets]


@pytest.mark.parametrize("blocks", [255, 256, 257, 4095, 4096, 4097, 8192, 10000])
def test_long_streams_are_short_ones_joined(blocks: int) -> None:
    whole = random_bits(9, 5, 4 * blocks)
    parts = [random_bits(9, 5 + i, 4 * min(100, blocks - i)) for i in range(0, blocks, 100)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


# The generator


def test_seeds_make_key_and_counter() -> None:
    gen = Philox(5, 6)
    assert (gen.key, gen.counter) == (5, 6 << 64)
    negative = Philox(-3, -1)
    assert (negative.key, negative.counter) == (2**64 - 3, (2**64 - 1) << 64)


def test_two_zero_seeds_are_another_stream_each_time() -> None:
    first, second = Philox(), Philox(0, 0)
    assert (first.key, first.counter) != (second.key, second.counter)
    assert (Philox(0, 9).key, Philox(0, 9).counter) == (0, 9 << 64)


def test_reserve_wraps_at_the_end_of_the_counter() -> None:
    gen = Philox(1, -1)
    assert gen.reserve(2**64) == (2**64 - 1) << 64
    assert gen.counter == 0


def test_threads_reserve_disjoint_ranges() -> None:
    gen, taken = Philox(1, 2), []

    def reserve() -> None:
        taken.extend([gen.reserve(3) for _ in range(500)])

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [(2 << 64) + 3 * i for i in range(2000)]


DRAWS: dict[str, tuple[Callable[[Philox], Any], int]] = {
    # what a draw takes from the stream, in blocks
    "uniform": (lambda g: philox.uniform(g, (3, 5)), 15 * 256),
    "nothing": (lambda g: philox.normal(g, (3, 0)), 0),
    "uniform_int": (lambda g: philox.uniform_int(g, [7], 0, 9), 7 * 256),
    "no_int": (lambda g: philox.uniform_int(g, [0], 9, 0), 0),
    "truncated": (lambda g: philox.truncated_normal(g, (), "float64"), 256),
    "shuffle": (lambda g: philox.shuffle(g, np.arange(6)), 2),
    "shuffle_one": (lambda g: philox.shuffle(g, np.ones((1, 9))), 0),
    "shuffle_scalar": (lambda g: philox.shuffle(g, np.array(3)), 0),
    "multinomial": (lambda g: philox.multinomial(g, np.zeros((3, 2)), 5), 3 * 2 * 8 * 256),
    "gamma": (lambda g: philox.gamma(g, [4], np.ones((2, 3))), 24 * 256),
    "poisson": (lambda g: philox.poisson(g, [4], np.ones(2)), 8 * 256),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.filterwarnings("error")
def test_a_draw_reserves_what_the_kernel_reserves(name: str) -> None:
    draw, blocks = DRAWS[name]
    gen = Philox(3, 4)
    draw(gen)
    assert gen.counter - (4 << 64) == blocks


# Recorded values: three draws in a row of TensorFlow 2.21 with these seeds, on one thread

SEEDS = (-3, 2**40 + 1)
# fmt: off
RECORDED: dict[str, list[list[float]]] = {
    "uniform float16": [
        [0.7978515625, 0.3017578125, 0.13671875, 0.6357421875, 0.9775390625],
        [0.849609375, 0.318359375, 0.3154296875, 0.216796875, 0.4697265625],
        [0.0693359375, 0.2177734375, 0.1298828125, 0.849609375, 0.01953125]],
    "uniform bfloat16": [
        [0.3828125, 0.4140625, 0.09375, 0.0859375, 0.8203125],
        [0.796875, 0.546875, 0.5234375, 0.734375, 0.7578125],
        [0.5546875, 0.7421875, 0.0390625, 0.796875, 0.15625]],
    "uniform float32": [
        [0.398046612739563, 0.5194460153579712, 0.1795821189880371, 0.8647016286849976,
         0.6531955003738403],
        [0.2819640636444092, 0.27018046379089355, 0.8429340124130249, 0.19948935508728027,
         0.9722253084182739],
        [0.0723961591720581, 0.08254611492156982, 0.29762327671051025, 0.09116816520690918,
         0.842775821685791]],
    "uniform float64": [
        [0.18437381185488033, 0.436657188208218, 0.22556422194067327, 0.15567338351657312,
         0.5379296232291113],
        [0.25571306472677824, 0.7434730272730614, 0.777803346096636, 0.08751188733572413,
         0.1525091732434416],
        [0.5791702029901484, 0.3809870278298262, 0.7422073420264155, 0.229452740158955,
         0.9432055220416118]],
    "normal float16": [
        [-0.1654052734375, -1.34765625, -1.392578125, 1.22265625, -0.2734375],
        [1.578125, -0.201171875, 0.55517578125, 0.182373046875, -0.2342529296875],
        [1.1357421875, 1.990234375, 0.84375, 1.30859375, -0.36376953125]],
    "normal bfloat16": [
        [-0.1650390625, -1.34375, -1.390625, 1.2265625, -0.2734375],
        [1.578125, -0.201171875, 0.5546875, 0.1826171875, -0.234375],
        [1.1328125, 1.9921875, 0.84375, 1.3046875, -0.36328125]],
    "normal float32": [
        [-0.1654314547777176, -1.34722101688385, -1.3923795223236084, 1.2229163646697998,
         -0.27336472272872925],
        [1.5784363746643066, -0.20122148096561432, 0.5553856492042542, 0.18242786824703217,
         -0.23429827392101288],
        [1.1359453201293945, 1.99018394947052, 0.8438400626182556, 1.308353066444397,
         -0.36374419927597046]],
    "normal float64": [
        [0.7127061913187577, -1.695178420411074, 1.4314467086045457, 0.9639818699915236,
         0.764751883998457],
        [-1.6500951927527072, -0.06770866196778517, 0.37045318604440963, 0.6044233181193206,
         -1.936206356369606],
        [0.7107089832913089, -0.7662966199614699, 0.7657482498038193, 0.09941274684696214,
         0.3419447019387313]],
    "truncated_normal float16": [
        [-0.1654052734375, -1.34765625, -1.392578125, 1.22265625, 0.327880859375],
        [1.578125, -0.201171875, 0.55517578125, 0.182373046875, -0.322509765625],
        [1.1357421875, 1.990234375, 0.84375, 1.30859375, -1.5390625]],
    "truncated_normal bfloat16": [
        [-0.1650390625, -1.34375, -1.390625, 1.2265625, 0.328125],
        [1.578125, -0.201171875, 0.5546875, 0.1826171875, -0.322265625],
        [1.1328125, 1.9921875, 0.84375, 1.3046875, -1.5390625]],
    "truncated_normal float32": [
        [-0.1654314547777176, -1.34722101688385, -1.3923795223236084, 1.2229163646697998,
         0.3278171122074127],
        [1.5784363746643066, -0.20122148096561432, 0.5553856492042542, 0.18242786824703217,
         -0.32261982560157776],
        [1.1359453201293945, 1.99018394947052, 0.8438400626182556, 1.308353066444397,
         -1.5390584468841553]],
    "truncated_normal float64": [
        [0.7127061913187577, -1.695178420411074, 0.9658768069157615, 1.4574539970530247,
         -1.7543604238973418],
        [-1.6500951927527072, -0.06770866196778517, -0.37330009056475916, -0.3502206587538944,
         0.049053156166393046],
        [0.7107089832913089, -0.7662966199614699, -0.6170341760025876, -0.5453622946438281,
         1.5097873507499133]],
    "uniform_int int32": [
        [790, 78, 845, 631, 78], [561, 502, 428, 177, 861], [286, 944, 6, 745, 852]],
    "uniform_int int64": [
        [960395554353, 585230869361, 980188614389, 312823118859, 263380178464],
        [789946599018, 278730699910, 626024944471, 80491099755, 825016048919],
        [753376196135, 978601828596, 282697057748, 427245231404, 831329886339]],
    "shuffle": [[1, 6, 2, 0, 3, 5, 4], [4, 2, 6, 1, 0, 5, 3], [0, 3, 1, 6, 2, 4, 5]],
    "multinomial": [
        [1, 2, 1, 1, 2, 0, 2, 0], [1, 2, 2, 0, 2, 0, 0, 2], [2, 2, 2, 2, 2, 2, 2, 0]],
    "gamma": [
        [0.006436511707168377, 2.2275958203993644, 1.592493307872951, 0.03790573457241541,
         0.6821719570356123, 3.5385366002760006],
        [1.0993981970482856, 1.2361698067888918, 2.3863537439612177, 0.0016615067444071502,
         0.8748309264497027, 4.948013742509044],
        [0.7154239797974276, 1.3158669323254277, 1.2524906725964038, 1.1856088058210439,
         0.6089346798161868, 3.2564549522727138]],
    "poisson": [[0, 1, 52, 1, 4, 55], [0, 2, 47, 0, 5, 43], [1, 6, 51, 0, 6, 45]],
}
# CRC-32 of the bytes of a thousand values, draw by draw.
CHECKSUMS = {
    "uniform float16": [2135183093, 2854335988, 243729216],
    "uniform bfloat16": [1025420545, 1101674014, 3037332005],
    "uniform float32": [3410277365, 1498346438, 2923228062],
    "uniform float64": [4294592843, 2636319221, 3156202438],
    "normal float16": [190042854, 1824322899, 91296048],
    "normal bfloat16": [549528263, 1164207719, 3316215641],
    "normal float32": [3195345465, 3535360474, 685671214],
    "truncated_normal float16": [2588934651, 3020212700, 821652677],
    "truncated_normal bfloat16": [3838727220, 2958993016, 1044580356],
    "truncated_normal float32": [2370630799, 636799229, 2676562176],
    "uniform_int int32": [845829194, 565808128, 2868328614],
    "uniform_int int64": [3338709661, 1199179789, 1962877967],
}
# fmt: on


def draw(gen: Philox, name: str, n: int) -> Any:
    """The recorded draw of this name, of n values where it has a shape."""
    function, _, dtype = name.partition(" ")
    if function == "uniform_int":
        return philox.uniform_int(gen, [n], -5, 1000 if dtype == "int32" else 10**12, dtype)
    if function == "shuffle":
        return philox.shuffle(gen, np.arange(7))
    if function == "multinomial":
        logits = np.array([[1, 2, 3], [0, -np.inf, 0]], np.float32)
        return philox.multinomial(gen, logits, 4).ravel()
    if function == "gamma":
        return philox.gamma(gen, [2], np.array([0.5, 1, 4])).ravel()
    if function == "poisson":
        return philox.poisson(gen, [2], np.array([0.5, 4, 50]), np.int32).ravel()
    return getattr(philox, function)(gen, [n], FLOATS[dtype])


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.filterwarnings("error")
def test_three_draws_equal_the_recorded_ones(name: str) -> None:
    gen = Philox(*SEEDS)
    for expected in RECORDED[name]:
        values = draw(gen, name, 5)
        if name == "gamma" or name.endswith("normal float64"):
            np.testing.assert_allclose(values, expected, rtol=1e-13)
        else:
            assert values.astype(np.float64).tolist() == expected


@pytest.mark.parametrize("name", CHECKSUMS)
def test_three_long_draws_are_equal_bit_for_bit(name: str) -> None:
    gen = Philox(*SEEDS)
    assert [zlib.crc32(draw(gen, name, 1000).tobytes()) for _ in range(3)] == CHECKSUMS[name]


# Recorded values of TensorFlow 1.15.5, to eight digits: op seed 7 or 11 without a graph seed,
# which makes 87654321 of it.

FIRST_GRAPH_SEED = 87654321


def test_uniform_of_tensorflow_1() -> None:
    values = philox.uniform(Philox(FIRST_GRAPH_SEED, 7), (2, 3)).ravel()
    expected = [0.48394096, 0.50620306, 0.25514376, 0.12474227, 0.9330101, 0.66460931]
    np.testing.assert_allclose(values, expected, rtol=1e-7)
    many = philox.uniform(Philox(FIRST_GRAPH_SEED, 11), (300,))
    assert many.sum(dtype=np.float64) == pytest.approx(146.0972823, rel=1e-9)
    np.testing.assert_allclose(many[-3:], [0.48939776, 0.85123253, 0.61384368], rtol=1e-7)


def test_uniform_float64_of_tensorflow_1() -> None:
    values = philox.uniform(Philox(FIRST_GRAPH_SEED, 7), [3], np.float64)
    assert values.tolist() == [0.8715283824246434, 0.041150670730960126, 0.46408134636396414]


def test_integers_and_shuffle_of_tensorflow_1() -> None:
    integers = philox.uniform_int(Philox(FIRST_GRAPH_SEED, 7), [6], 0, 10)
    assert integers.tolist() == [7, 7, 5, 4, 0, 3]
    order = philox.shuffle(Philox(FIRST_GRAPH_SEED, 7), np.arange(10))
    assert order.tolist() == [7, 2, 0, 9, 8, 4, 5, 1, 6, 3]


def test_normal_of_tensorflow_1() -> None:
    values = 1 + 2 * philox.normal(Philox(FIRST_GRAPH_SEED, 7), (2, 3)).ravel()
    expected = [0.90610862, -1.4078047, 3.3336704, 3.3412409, 0.35985953, 0.61929774]
    np.testing.assert_allclose(values, expected, rtol=1e-7)


def test_truncated_normal_of_tensorflow_1() -> None:
    values = philox.truncated_normal(Philox(FIRST_GRAPH_SEED, 11), (700,))
    assert values.sum(dtype=np.float64) == pytest.approx(-26.66409338, rel=1e-9)
    np.testing.assert_allclose(values[:3], [1.4039428, -1.6896279, -0.21134049], rtol=1e-7)
    np.testing.assert_allclose(values[-3:], [-0.13696662, -0.28359252, 0.29797059], rtol=1e-7)


def test_gamma_of_tensorflow_1() -> None:
    values = philox.gamma(Philox(FIRST_GRAPH_SEED, 7), [3], np.array([0.5, 2], np.float32))
    expected = [[0.38862073, 1.6506493], [0.70230126, 3.843617], [3.4078569, 1.5549796]]
    np.testing.assert_allclose(values, expected, rtol=1e-7)


def test_published_training_step() -> None:
    # A linear regression that sets graph seed 777; its two initial values are drawn by the ops
    # before which the graph holds 3 and 12 others. TensorFlow 1.15.5 prints for the first step:
    cost, weight, bias = np.float32(3.5240757), np.float32(2.1286771), np.float32(-0.8523567)
    w, b = philox.normal(Philox(777, 3), [1]), philox.normal(Philox(777, 12), [1])
    x = np.array([1, 2, 3], np.float32)
    error = x * w + b - x
    rate = np.float32(0.02)
    assert np.mean(error * error) == pytest.approx(cost, rel=1e-6)
    assert w - rate * np.mean(error * x) == pytest.approx(weight, rel=1e-6)
    assert b - rate * np.mean(error) == pytest.approx(bias, rel=1e-6)


def test_stateless_normal_of_tensorflow_1() -> None:
    # The stateless kernels make key and counter of two seeds (here 3 and 4) by one more block.
    mixed = reference_block(0x02461E293EC8F720, 4 << 64 | 3)
    key, counter = mixed[1] << 32 | mixed[0], (mixed[3] << 32 | mixed[2]) << 64
    expected = [-0.17393383, 1.6723547, 0.34817016, -1.7038907, -0.61532462]
    values = normal_values(key, counter, 5, np.dtype(np.float32))
    np.testing.assert_allclose(values, expected, rtol=1e-7)


# Properties

SHAPES = st.lists(st.integers(0, 9), max_size=3).map(tuple)


@given(SHAPES, st.sampled_from(sorted(FLOATS)), KEYS, KEYS)
@settings(max_examples=60, deadline=None)
def test_shape_dtype_and_range(shape: tuple[int, ...], dtype: str, seed: int, seed2: int) -> None:
    kind = FLOATS[dtype]
    for function, low, high in (
        (philox.uniform, 0, 1),
        (philox.normal, -6, 6),
        (philox.truncated_normal, -2, 2),
    ):
        values = function(Philox(seed, seed2 or 1), shape, kind)
        assert (values.shape, values.dtype) == (shape, np.dtype(kind))
        wide = values.astype(np.float64)
        assert np.all((wide >= low) & (wide <= high))
        if function is philox.uniform:
            assert np.all(wide < 1)


@given(st.integers(1, 2000), st.integers(1, 2000), st.sampled_from(sorted(FLOATS)))
@settings(max_examples=40, deadline=None)
def test_a_longer_draw_begins_with_the_shorter(a: int, b: int, dtype: str) -> None:
    for function in (philox.uniform, philox.normal, philox.truncated_normal):
        long = function(Philox(5, 6), [a + b], FLOATS[dtype])
        short = function(Philox(5, 6), [a], FLOATS[dtype])
        np.testing.assert_array_equal(long[:a], short)


@given(st.data(), st.sampled_from([np.int32, np.int64]), SHAPES)
@settings(max_examples=60, deadline=None)
def test_integers_lie_in_their_range(data: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    limits = np.iinfo(dtype)
    lo = data.draw(st.integers(limits.min, limits.max - 1))
    hi = data.draw(st.integers(lo + 1, limits.max))
    values = philox.uniform_int(Philox(5, 6), shape, lo, hi, dtype)
    assert (values.shape, values.dtype) == (shape, np.dtype(dtype))
    assert all(lo <= value < hi for value in values.ravel().tolist())


@given(st.integers(0, 400), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_shuffle_keeps_every_row(rows: int, columns: int) -> None:
    array = np.arange(rows * columns).reshape(rows, columns)
    shuffled = philox.shuffle(Philox(1, 2), array)
    np.testing.assert_array_equal(np.sort(shuffled[:, 0]), array[:, 0])
    np.testing.assert_array_equal(shuffled - shuffled[:, :1], array - array[:, :1])


def test_any_part_of_a_stream_by_itself() -> None:
    kind = np.dtype(np.float32)
    whole = uniform_values(7, 100, 4000, kind)
    np.testing.assert_array_equal(uniform_values(7, 100 + 250, 3000, kind), whole[1000:])


def test_shapes_may_be_arrays_and_dtypes_names() -> None:
    values = philox.uniform(Philox(5, 6), np.array([2, 3], np.int32), "bfloat16")
    assert (values.shape, values.dtype) == ((2, 3), np.dtype(ml_dtypes.bfloat16))
    assert philox.poisson(Philox(5, 6), [2], np.array(3.0)).shape == (2,)


def test_shuffle_gives_a_new_array() -> None:
    array = np.zeros((1, 3))
    assert not np.shares_memory(philox.shuffle(Philox(1, 2), array), array)


# Distributions (fixed seeds, so that each passes or fails for good)

N = 20000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_and_normal_distributions(dtype: Any) -> None:
    stats = pytest.importorskip("scipy.stats")
    for function, law in (
        (philox.uniform, stats.uniform()),
        (philox.normal, stats.norm()),
        (philox.truncated_normal, stats.truncnorm(-2, 2)),
    ):
        values = function(Philox(12, 34), [N], dtype)
        assert stats.kstest(values, law.cdf).pvalue > 0.01


@pytest.mark.parametrize("alpha", [0.05, 0.5, 1.0, 1.5, 40.0])
def test_gamma_distribution(alpha: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    values = philox.gamma(Philox(12, 34), [N], np.array(alpha))
    assert stats.kstest(values, stats.gamma(alpha).cdf).pvalue > 0.01


@pytest.mark.parametrize("rate", [0.1, 3.0, 9.9, 10.0, 80.0, 5000.0])
def test_poisson_distribution(rate: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    values = philox.poisson(Philox(12, 34), [N], np.array(rate), np.int64)
    edges = np.unique(stats.poisson(rate).ppf(np.linspace(0.02, 0.98, 25)))
    bounds = np.concatenate([[-1], edges, [np.inf]])
    expected = N * np.diff(stats.poisson(rate).cdf(bounds))
    observed = np.histogram(values, np.concatenate([[-1], edges + 0.5, [np.inf]]))[0]
    filled = expected > 0
    assert stats.chisquare(observed[filled], expected[filled]).pvalue > 0.01


def test_multinomial_distribution() -> None:
    stats = pytest.importorskip("scipy.stats")
    mass = np.array([0.1, 0.0, 0.6, 0.3])
    with np.errstate(divide="ignore"):
        logits = np.log(mass)[None] + 5
    counts = np.bincount(philox.multinomial(Philox(12, 34), logits, N)[0], minlength=4)
    assert counts[1] == 0
    assert stats.chisquare(counts[mass > 0], N * mass[mass > 0]).pvalue > 0.01


@pytest.mark.parametrize("lo", [0, -7])
def test_integer_and_shuffle_distributions(lo: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    values = philox.uniform_int(Philox(12, 34), [N], lo, lo + 13)
    assert stats.chisquare(np.bincount(values - lo, minlength=13)).pvalue > 0.01
    gen = Philox(12, 34)
    places = [philox.shuffle(gen, np.arange(7))[3] for _ in range(2000)]
    assert stats.chisquare(np.bincount(places, minlength=7)).pvalue > 0.01


# Arithmetic


def test_float32_functions_round_right() -> None:
    x = np.arange(1, 2**23, 61, dtype=np.float64) / 2**23
    log = philox_math.log32(x.astype(np.float32))
    angle = (x * 2 * math.pi).astype(np.float32)
    sine, cosine = np.empty_like(angle), np.empty_like(angle)
    philox_math.sine_cosine32(angle, sine, cosine)
    wide = angle.astype(np.float64)
    for got, exact in ((log, np.log(x)), (sine, np.sin(wide)), (cosine, np.cos(wide))):
        ulps = np.abs(got - exact) / np.spacing(np.abs(exact).astype(np.float32))
        assert ulps.max() < 0.83  # what the C library promises of logf


# Errors and values without a distribution


def test_types_that_the_kernels_do_not_write() -> None:
    gen = Philox(1, 2)
    with pytest.raises(TypeError, match="float16, bfloat16, float32 or float64, not int32"):
        philox.uniform(gen, [2], np.int32)
    with pytest.raises(TypeError, match="int32 or int64, not float32"):
        philox.uniform_int(gen, [2], 0, 5, np.float32)
    with pytest.raises(TypeError, match="not uint8"):
        philox.poisson(gen, [2], np.ones(2), np.uint8)
    assert gen.counter == 2 << 64


def test_arguments_out_of_range() -> None:
    gen = Philox(1, 2)
    with pytest.raises(InvalidArgumentError, match="Need minval < maxval, got 5 >= 5"):
        philox.uniform_int(gen, [2], 5, 5)
    with pytest.raises(InvalidArgumentError, match="should be a matrix"):
        philox.multinomial(gen, np.zeros(3), 1)
    with pytest.raises(InvalidArgumentError, match="nonnegative, got -1"):
        philox.multinomial(gen, np.zeros((1, 3)), -1)
    with pytest.raises(InvalidArgumentError, match="num_classes should be positive"):
        philox.multinomial(gen, np.zeros((1, 0)), 1)
    with pytest.raises(InvalidArgumentError, match="finite"):
        philox.poisson(gen, [2], np.array([1, np.nan]), np.int32)


@pytest.mark.filterwarnings("error")
def test_parameters_without_a_distribution_give_nan() -> None:
    gammas = philox.gamma(Philox(1, 2), [3], np.array([np.nan, np.inf, -1, 0, 1]))
    assert np.isnan(gammas[:, :3]).all()
    assert (gammas[:, 3] == 0).all()
    assert np.isfinite(gammas[:, 4]).all()
    counts = philox.poisson(Philox(1, 2), [3], np.array([np.nan, np.inf, 2, 1e5]), np.float16)
    assert np.isnan(counts[:, [0, 1, 3]].astype(np.float32)).all()
    assert np.isfinite(counts[:, 2].astype(np.float32)).all()


@pytest.mark.filterwarnings("error")
def test_logits_that_are_not_finite_are_impossible() -> None:
    logits = np.array([[np.nan, 0, -np.inf, np.inf], [-np.inf] * 4], np.float32)
    classes = philox.multinomial(Philox(1, 2), logits, 20, np.int32)
    assert classes.dtype == np.int32
    assert (classes[0] == 1).all()
    assert (classes[1] == 4).all()


# TensorFlow itself

ORACLE_SHAPES = [(0,), (), (1,), (3,), (5,), (255,), (256,), (257,), (1000,), (7, 0), (3, 7)]
ORACLE_SEEDS = [(5, 6), (87654321, 7), (-3, 2**40 + 1), (0, 9)]


@pytest.fixture(scope="module")
def tf() -> Any:
    return pytest.importorskip("tensorflow")


Case = tuple[Any, Callable[[Philox], Any], tuple[int, int]]


def in_session(tf: Any, build: Callable[[], list[Case]]) -> list[Any]:
    """Three runs of the tensors that `build` makes in a graph, beside what our draws give.

    A case is a tensor, our draw, and the seeds of both.
    """
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1)
    with tf.Graph().as_default():
        cases = build()
        with tf.compat.v1.Session(config=config) as session:
            runs = [session.run([case[0] for case in cases]) for _ in range(3)]
    pairs = []
    for index, (_, ours, seeds) in enumerate(cases):
        gen = Philox(*seeds)
        pairs += [(run[index], ours(gen)) for run in runs]
    return pairs


def check_equal(pairs: list[Any], rtol: float = 0) -> None:
    assert pairs
    for theirs, ours in pairs:
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        if rtol:
            # Where TensorFlow's threads flush subnormal numbers to zero, ours stay.
            np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1.2e-38)
        else:
            np.testing.assert_array_equal(ours, theirs)


def dims(tf: Any, shape: tuple[int, ...]) -> Any:
    return tf.constant(shape, tf.int32, [len(shape)])


@pytest.mark.oracle
@pytest.mark.parametrize("seeds", ORACLE_SEEDS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_oracle_floats(tf: Any, dtype: str, seeds: tuple[int, int]) -> None:
    def cases(kernel: str, ours: Callable[..., Any]) -> Callable[[], list[Case]]:
        return lambda: [
            (
                getattr(tf.raw_ops, kernel)(
                    shape=dims(tf, shape), dtype=dtype, seed=seeds[0], seed2=seeds[1]
                ),
                partial(ours, shape=shape, dtype=FLOATS[dtype]),
                seeds,
            )
            for shape in ORACLE_SHAPES
        ]

    rtol = 1e-14 if dtype == "float64" else 0
    check_equal(in_session(tf, cases("RandomUniform", philox.uniform)))
    check_equal(in_session(tf, cases("RandomStandardNormal", philox.normal)), rtol)
    check_equal(in_session(tf, cases("TruncatedNormal", philox.truncated_normal)), rtol)


@pytest.mark.oracle
@pytest.mark.parametrize("seeds", ORACLE_SEEDS)
@pytest.mark.parametrize(
    ("dtype", "lo", "hi"),
    [
        (np.int32, -5, 3),
        (np.int32, -(2**31), 2**31 - 1),
        (np.int64, 0, 10**12),
        (np.int64, -(2**63), 2**63 - 1),
    ],
)
def test_oracle_integers(tf: Any, dtype: Any, lo: int, hi: int, seeds: tuple[int, int]) -> None:
    def cases() -> list[Case]:
        return [
            (
                tf.raw_ops.RandomUniformInt(
                    shape=dims(tf, shape),
                    minval=tf.constant(lo, dtype),
                    maxval=tf.constant(hi, dtype),
                    seed=seeds[0],
                    seed2=seeds[1],
                ),
                partial(philox.uniform_int, shape=shape, lo=lo, hi=hi, dtype=dtype),
                seeds,
            )
            for shape in ORACLE_SHAPES
        ]

    check_equal(in_session(tf, cases))


@pytest.mark.oracle
def test_oracle_shuffle(tf: Any) -> None:
    def cases() -> list[Case]:
        rows = (0, 1, 2, 3, 5, 6, 257, 1000)
        arrays = [np.arange(n) for n in rows] + [np.arange(2 * n).reshape(n, 2) for n in rows]
        return [
            (
                tf.raw_ops.RandomShuffle(value=tf.constant(array), seed=5, seed2=6),
                partial(philox.shuffle, array=array),
                (5, 6),
            )
            for array in arrays
        ]

    check_equal(in_session(tf, cases))


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_oracle_multinomial(tf: Any, dtype: Any) -> None:
    def case(batch: int, classes: int, samples: int) -> Case:
        logits = np.random.RandomState(batch).randn(batch, classes).astype(dtype)
        theirs = tf.raw_ops.Multinomial(logits=logits, num_samples=samples, seed=5, seed2=6)
        return theirs, partial(philox.multinomial, logits=logits, num_samples=samples), (5, 6)

    sizes = ((1, 3, 8), (4, 10, 1), (3, 5, 7), (2, 1, 3), (3, 4, 0), (50, 100, 3))
    check_equal(in_session(tf, lambda: [case(*size) for size in sizes]))


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_oracle_gamma_and_poisson(tf: Any, dtype: Any) -> None:
    alpha = np.array([[0.05, 0.5, 1.0], [2.0, 10.0, 300.0]], dtype)
    rate = np.array([[0.01, 0.5, 9.99], [10.0, 50.0, 300.0]], dtype)
    shapes = ([0], [1], [7], [100], [2, 3])

    def gammas() -> list[Case]:
        return [
            (
                tf.raw_ops.RandomGamma(shape=shape, alpha=alpha, seed=5, seed2=6),
                partial(philox.gamma, shape=shape, alpha=alpha),
                (5, 6),
            )
            for shape in shapes
        ]

    def counts() -> list[Case]:
        return [
            (
                tf.raw_ops.RandomPoissonV2(shape=shape, rate=rate, seed=5, seed2=6, dtype=kind),
                partial(philox.poisson, shape=shape, rate=rate, dtype=kind),
                (5, 6),
            )
            for shape in shapes
            for kind in (np.float16, np.float32, np.float64, np.int32, np.int64)
        ]

    rtol = {np.float16: 1e-3, np.float32: 1e-6, np.float64: 1e-13}[dtype]
    check_equal(in_session(tf, gammas), rtol)
    check_equal(in_session(tf, counts))


@pytest.mark.oracle
def test_oracle_draws_of_the_public_functions(tf: Any) -> None:
    def cases() -> list[Case]:
        tf.compat.v1.set_random_seed(1234)
        tf.compat.v1.random_uniform([3])
        tf.compat.v1.truncated_normal([3], seed=5)
        tf.compat.v1.random_normal([2])
        kernels = {
            "RandomUniform": partial(philox.uniform, shape=[3]),
            "TruncatedNormal": partial(philox.truncated_normal, shape=[3]),
            "RandomStandardNormal": partial(philox.normal, shape=[2]),
        }
        ops = tf.compat.v1.get_default_graph().get_operations()
        return [
            (op.outputs[0], kernels[op.type], (op.get_attr("seed"), op.get_attr("seed2")))
            for op in ops
            if op.type in kernels
        ]

    check_equal(in_session(tf, cases))
