"""Philox 4x64 at any position of its stream: a key and positions in, one 64-bit word each out.

NumPy's generator makes words in order only, so people far apart in a population would cost a generator each.
Salmon et al 2011, doi:10.1145/2063384.2063405; the tests hold it to NumPy's own words.
"""

from __future__ import annotations

import numpy as np

from resprout.solve.compiled import compiled

ROUNDS = 10
FIRST_FACTOR, SECOND_FACTOR = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
FIRST_BUMP, SECOND_BUMP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
LOW, HALF, NOTHING = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(0)


@compiled(inner=True, inline="always")
def _high(one, other):
    """The upper 64 bits of a product of two 64-bit numbers."""
    low_one, high_one, low_other, high_other = one & LOW, one >> HALF, other & LOW, other >> HALF
    first = high_one * low_other + ((low_one * low_other) >> HALF)
    second = low_one * high_other + (first & LOW)
    return high_one * high_other + (first >> HALF) + (second >> HALF)


@compiled()
def philox_words(first_key, second_key, position, word):
    """Fill `word` with the stream's words.

    position   [person]  from 0, in any order        word   [person]  filled
    """
    block = np.int64(-1)
    a = b = c = d = NOTHING
    for person in range(position.size):
        if position[person] >> 2 != block:
            block = position[person] >> 2
            a, b, c, d = np.uint64(block), NOTHING, NOTHING, NOTHING
            one, two = first_key, second_key
            for _ in range(ROUNDS):
                product, other = a * FIRST_FACTOR, c * SECOND_FACTOR
                a, c = _high(SECOND_FACTOR, c) ^ b ^ one, _high(FIRST_FACTOR, a) ^ d ^ two
                b, d = other, product
                one, two = one + FIRST_BUMP, two + SECOND_BUMP
        lane = position[person] & 3
        word[person] = a if lane == 0 else b if lane == 1 else c if lane == 2 else d
