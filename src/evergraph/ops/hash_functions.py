"""Hash functions of bytes whose values programs keep: FarmHash's Fingerprint64, SipHash, Murmur.

Each gives the bits of its published reference: FarmHash (Pike, `farmhashna`), SipHash-2-4
(Aumasson and Bernstein, 2012), MurmurHash64A (Appleby).
"""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotate(x: int, shift: int) -> int:
    return ((x >> shift) | (x << (64 - shift))) & _MASK


def _rotate_left(x: int, shift: int) -> int:
    return ((x << shift) | (x >> (64 - shift))) & _MASK


def _word(s: bytes, at: int) -> int:
    return int.from_bytes(s[at : at + 8], "little")


def _half(s: bytes, at: int) -> int:
    return int.from_bytes(s[at : at + 4], "little")


# -- FarmHash ----------------------------------------------------------------------------------
def _mixed(u: int, v: int, mul: int) -> int:
    a = ((u ^ v) * mul) & _MASK
    a ^= a >> 47
    b = ((v ^ a) * mul) & _MASK
    b ^= b >> 47
    return (b * mul) & _MASK


def _up_to_16(s: bytes) -> int:
    n = len(s)
    if n >= 8:
        mul = _K2 + n * 2
        a = (_word(s, 0) + _K2) & _MASK
        b = _word(s, n - 8)
        c = (_rotate(b, 37) * mul + a) & _MASK
        d = ((_rotate(a, 25) + b) * mul) & _MASK
        return _mixed(c, d, mul)
    if n >= 4:
        return _mixed(n + (_half(s, 0) << 3), _half(s, n - 4), _K2 + n * 2)
    if n > 0:
        y = s[0] + (s[n >> 1] << 8)
        z = n + (s[n - 1] << 2)
        x = ((y * _K2) & _MASK) ^ ((z * _K0) & _MASK)
        return ((x ^ (x >> 47)) * _K2) & _MASK
    return _K2


def _up_to_32(s: bytes) -> int:
    n = len(s)
    mul = (_K2 + n * 2) & _MASK
    a = (_word(s, 0) * _K1) & _MASK
    b = _word(s, 8)
    c = (_word(s, n - 8) * mul) & _MASK
    d = (_word(s, n - 16) * _K2) & _MASK
    u = (_rotate((a + b) & _MASK, 43) + _rotate(c, 30) + d) & _MASK
    v = (a + _rotate((b + _K2) & _MASK, 18) + c) & _MASK
    return _mixed(u, v, mul)


def _up_to_64(s: bytes) -> int:
    n = len(s)
    mul = (_K2 + n * 2) & _MASK
    a = (_word(s, 0) * _K2) & _MASK
    b = _word(s, 8)
    c = (_word(s, n - 8) * mul) & _MASK
    d = (_word(s, n - 16) * _K2) & _MASK
    y = (_rotate((a + b) & _MASK, 43) + _rotate(c, 30) + d) & _MASK
    z = _mixed(y, (a + _rotate((b + _K2) & _MASK, 18) + c) & _MASK, mul)
    e = (_word(s, 16) * mul) & _MASK
    f = _word(s, 24)
    g = ((y + _word(s, n - 32)) * mul) & _MASK
    h = ((z + _word(s, n - 24)) * mul) & _MASK
    u = (_rotate((e + f) & _MASK, 43) + _rotate(g, 30) + h) & _MASK
    v = (e + _rotate((f + a) & _MASK, 18) + g) & _MASK
    return _mixed(u, v, mul)


def _weak_pair(s: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = struct.unpack_from("<4Q", s, at)
    a = (a + w) & _MASK
    b = _rotate((b + a + z) & _MASK, 21)
    c = a
    a = (a + x + y) & _MASK
    b = (b + _rotate(a, 44)) & _MASK
    return (a + z) & _MASK, (b + c) & _MASK


def _blocks(s: bytes) -> int:
    """The hash of more than 64 bytes, in blocks of 64, the last of which may overlap."""
    n, seed = len(s), 81
    y = (seed * _K1 + 113) & _MASK
    z = (y * _K2 + 113) & _MASK
    z = ((z ^ (z >> 47)) * _K2) & _MASK
    v = w = (0, 0)
    x = (seed * _K2 + _word(s, 0)) & _MASK
    end = ((n - 1) // 64) * 64
    last = end + ((n - 1) & 63) - 63
    for at in range(0, end, 64):
        x = (_rotate((x + y + v[0] + _word(s, at + 8)) & _MASK, 37) * _K1) & _MASK
        y = (_rotate((y + v[1] + _word(s, at + 48)) & _MASK, 42) * _K1) & _MASK
        x ^= w[1]
        y = (y + v[0] + _word(s, at + 40)) & _MASK
        z = (_rotate((z + w[0]) & _MASK, 33) * _K1) & _MASK
        v = _weak_pair(s, at, v[1] * _K1, x + w[0])
        w = _weak_pair(s, at + 32, z + w[1], y + _word(s, at + 16))
        z, x = x, z
    mul = (_K1 + ((z & 0xFF) << 1)) & _MASK
    w = ((w[0] + ((n - 1) & 63)) & _MASK, w[1])
    v = ((v[0] + w[0]) & _MASK, v[1])
    w = ((w[0] + v[0]) & _MASK, w[1])
    x = (_rotate((x + y + v[0] + _word(s, last + 8)) & _MASK, 37) * mul) & _MASK
    y = (_rotate((y + v[1] + _word(s, last + 48)) & _MASK, 42) * mul) & _MASK
    x ^= (w[1] * 9) & _MASK
    y = (y + v[0] * 9 + _word(s, last + 40)) & _MASK
    z = (_rotate((z + w[0]) & _MASK, 33) * mul) & _MASK
    v = _weak_pair(s, last, v[1] * mul, x + w[0])
    w = _weak_pair(s, last + 32, z + w[1], y + _word(s, last + 16))
    z, x = x, z
    first = (_mixed(v[0], w[0], mul) + (((y ^ (y >> 47)) * _K0) & _MASK) + z) & _MASK
    return _mixed(first, (_mixed(v[1], w[1], mul) + x) & _MASK, mul)


def fingerprint64(s: bytes) -> int:
    """FarmHash's Fingerprint64 (which never changes): an unsigned integer of 64 bits."""
    if len(s) <= 16:
        return _up_to_16(s)
    if len(s) <= 32:
        return _up_to_32(s)
    return _up_to_64(s) if len(s) <= 64 else _blocks(s)


# -- SipHash -----------------------------------------------------------------------------------
def _sip_round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = (a + b) & _MASK
    c = (c + d) & _MASK
    b = _rotate_left(b, 13) ^ a
    d = _rotate_left(d, 16) ^ c
    a = _rotate_left(a, 32)
    c = (c + b) & _MASK
    a = (a + d) & _MASK
    b = _rotate_left(b, 17) ^ c
    d = _rotate_left(d, 21) ^ a
    return a, b, _rotate_left(c, 32), d


def siphash(key: tuple[int, int], s: bytes) -> int:
    """SipHash-2-4 of `s` under a key of two 64-bit integers."""
    k0, k1 = (k & _MASK for k in key)
    state = (
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    )
    padded = s + bytes(7 - len(s) % 8) + bytes([len(s) & 0xFF])
    for at in range(0, len(padded), 8):
        m = _word(padded, at)
        a, b, c, d = state
        a, b, c, d = _sip_round(*_sip_round(a, b, c, d ^ m))
        state = (a ^ m, b, c, d)
    a, b, c, d = state
    state = (a, b, c ^ 0xFF, d)
    for _ in range(4):
        state = _sip_round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


# -- Murmur ------------------------------------------------------------------------------------
_M = 0xC6A4A7935BD1E995


def hash64(s: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """MurmurHash64A of `s`."""
    n = len(s)
    h = seed ^ (n * _M & _MASK)
    whole = n - n % 8
    for at in range(0, whole, 8):
        k = (_word(s, at) * _M) & _MASK
        k = ((k ^ (k >> 47)) * _M) & _MASK
        h = ((h ^ k) * _M) & _MASK
    if whole < n:
        h = ((h ^ int.from_bytes(s[whole:], "little")) * _M) & _MASK
    h = ((h ^ (h >> 47)) * _M) & _MASK
    return h ^ (h >> 47)
