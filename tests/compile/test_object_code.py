"""Machine code is the same whichever process makes it, and is made where no other process can be started."""

from __future__ import annotations

import subprocess
import sys

import llvmlite.ir as ir
import pytest

from resprout.compile import object_code
from resprout.compile.llvm_arithmetic import LlvmArithmetic
from resprout.compile.machine import host, object_codes


def module_of(factor: float) -> str:
    module = ir.Module(f"times {factor}")
    over = LlvmArithmetic(module, 2)
    r = over.function(f"times_{factor:g}", ("given", "written"))
    over.store(over.multiply(over.exp(over.load(r.given)), over.number(factor)), r.written)
    over.builder.ret_void()
    return str(module)


TEXTS = [module_of(2.0), module_of(3.0)]


@pytest.fixture(autouse=True)
def every_text_is_large(monkeypatch):
    monkeypatch.setattr(object_code, "LARGE_TEXT", 0)


def alone() -> list[bytes]:
    return [code for text in TEXTS for code in object_codes([text])]


def test_code_of_another_process_is_the_same():
    started = []

    class Counted(subprocess.Popen):
        def __init__(self, *given, **named):
            started.append(given)
            super().__init__(*given, **named)

    whole, object_code.subprocess.Popen = object_code.subprocess.Popen, Counted
    try:
        codes = object_codes(TEXTS)
    finally:
        object_code.subprocess.Popen = whole
    assert len(started) == 1
    assert codes == alone()


def test_a_process_that_cannot_start_costs_nothing_but_time(monkeypatch, tmp_path):
    expected = alone()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    assert object_codes(TEXTS) == expected


def test_a_process_that_fails_costs_nothing_but_time(monkeypatch):
    expected = alone()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert object_codes(TEXTS) == expected


def test_small_texts_are_compiled_here(monkeypatch):
    expected = object_codes(TEXTS)
    monkeypatch.setattr(object_code, "LARGE_TEXT", 10**9)
    monkeypatch.setattr(object_code, "_compiling", None)
    monkeypatch.setattr(object_code, "_compiled", lambda text, _processor, _features, care: (text, care))
    assert object_codes(TEXTS) == [(text, 3) for text in TEXTS]
    assert len(expected) == 2


def test_a_process_makes_what_is_asked():
    processor, features, _ = host()
    with object_code._compiling(b"no request") as helper:
        assert object_code._answer_of(helper) == b""
    assert object_code.made_code(TEXTS, processor, features) == alone()
