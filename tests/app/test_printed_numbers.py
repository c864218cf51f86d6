"""Numbers as terminals and reports print them."""

import math

import pytest

from resprout.app.terminal import interval, number


@pytest.mark.parametrize(
    ("value", "digits", "printed"),
    [
        (99.7, 2, "100"),
        (999.6, 3, "1,000"),
        (-99.7, 2, "-100"),
        (99.4, 2, "99"),
        (0.0123, 2, "0.012"),
        (12345.0, 3, "12,345"),
    ],
)
def test_a_number_that_rounds_up_to_more_digits_has_no_exponent(value, digits, printed):
    assert number(value, digits) == printed


def test_what_is_not_a_number_is_a_dash_and_infinity_a_sign():
    assert (number(None), number(math.nan), number(-math.inf)) == ("–", "–", "-∞")
    assert interval(77.2, 999.6) == "77.2 to 1,000"
