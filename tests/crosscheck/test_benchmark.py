"""The comparison with other programs: which tolerance counts."""

from resprout.crosscheck.benchmark import TIGHTER, TOLERANCES, loosest


def test_a_tolerance_counts_if_its_tighter_neighbours_meet_the_error_too():
    lucky = TOLERANCES[2]

    def error(tolerance):
        return 0.5e-4 if tolerance == lucky else 3 * tolerance

    tolerance, reached = loosest(error, 1e-4)
    assert 3 * tolerance == reached <= 1e-4
    assert 3 * TOLERANCES[TOLERANCES.index(tolerance) - 1] > 1e-4


def test_where_no_tolerance_meets_the_error_the_tightest_is_told_with_what_it_reached():
    assert loosest(lambda tolerance: 1.0, 1e-4) == (TOLERANCES[-1], 1.0)


def test_a_tolerance_near_the_tightest_needs_no_more_neighbours_than_there_are():
    tried = TOLERANCES[-TIGHTER:]
    assert loosest(lambda tolerance: 1.0 if tolerance > tried[0] else 1e-5, 1e-4) == (tried[0], 1e-5)
