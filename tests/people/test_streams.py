"""A person's numbers depend on the seed, the purpose and the person, and on nothing else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from resprout.people.streams import normals, uniforms

SEED = st.integers(0, 2**63)
PURPOSE = st.text(min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(SEED, PURPOSE, st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_a_person_draws_the_same_number_alone_and_in_any_company(seed, purpose, company):
    together = uniforms(seed, purpose, np.array(company))
    alone = [uniforms(seed, purpose, np.array([person]))[0] for person in company]
    assert together.tolist() == alone


@settings(max_examples=40, deadline=None)
@given(SEED, st.integers(0, 10**6), st.integers(1, 300), st.integers(1, 50))
def test_cutting_a_range_into_chunks_changes_no_number(seed, first, count, chunk):
    person = np.arange(first, first + count)
    whole = uniforms(seed, "age", person)
    parts = [uniforms(seed, "age", person[start : start + chunk]) for start in range(0, count, chunk)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_another_seed_or_purpose_gives_unrelated_numbers():
    person = np.arange(20_000)
    base = normals(1, "age", person)
    # 0.03 is four standard errors of a correlation of 20,000 independent pairs
    for other in (normals(2, "age", person), normals(1, "weight", person), normals(1, "age", person + 1)):
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.03


def test_numbers_are_uniform_and_normal():
    person = np.arange(100_000)
    assert stats.kstest(uniforms(7, "any", person), "uniform").pvalue > 0.001
    assert stats.kstest(normals(7, "any", person), "norm").pvalue > 0.001


def test_no_draw_reaches_an_end_so_every_normal_is_finite():
    drawn = uniforms(3, "ends", np.arange(1_000_000))
    assert drawn.min() > 0 and drawn.max() < 1


def test_the_stream_is_numpys_philox_itself():
    from resprout.people.streams import _key

    raw = np.random.Philox(key=_key(5, "age"), counter=(1 << 256) - 1).random_raw(9)
    assert np.array_equal(uniforms(5, "age", np.arange(9)), ((raw >> np.uint64(11)) + 0.5) * 2.0**-53)


def test_nobody_draws_nothing():
    assert uniforms(1, "age", np.array([], dtype=int)).shape == (0,)


@settings(max_examples=40, deadline=None)
@given(SEED, st.lists(st.integers(0, 2**62), min_size=1, max_size=20))
def test_words_far_apart_are_those_of_numpys_generator_started_there(seed, places):
    from resprout.people.streams import _key

    key = _key(seed, "far")
    # a generator steps before it makes words, so its count starts one before the first wanted (2^256 wraps)
    words = [
        np.random.Philox(key=key, counter=(place // 4 - 1) % (1 << 256)).random_raw(4)[place % 4] for place in places
    ]
    drawn = uniforms(seed, "far", np.array(places))
    assert np.array_equal(drawn, ((np.array(words) >> np.uint64(11)) + 0.5) * 2.0**-53)
