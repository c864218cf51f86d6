"""Machine code that computes wrongly is found before a model is solved with it."""

from __future__ import annotations

import pytest

from resprout.compile import code_check
from resprout.compile.llvm_arithmetic import LlvmArithmetic
from resprout.errors import SolveError


@pytest.fixture(autouse=True)
def anew():
    code_check._wrong.cache_clear()
    yield
    code_check._wrong.cache_clear()


def test_the_machine_code_of_this_machine_is_right():
    code_check.check_machine_code()


@pytest.mark.parametrize("operation", ["exp", "log", "sqrt"])
def test_an_operation_that_is_wrong_in_the_tenth_digit_is_named(monkeypatch, operation):
    sound = getattr(LlvmArithmetic, operation)

    def wrong(self, value):
        return self.multiply(sound(self, value), self.number(1 + 1e-10))

    monkeypatch.setattr(LlvmArithmetic, operation, wrong)
    with pytest.raises(SolveError) as caught:
        code_check.check_machine_code()
    assert f"computes {operation} wrongly" in str(caught.value) and "Install a newer one" in str(caught.value)
