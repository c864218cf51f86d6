"""The reduced system in DiffSL: what is written has every state, constant and output once, and pydiffsol solves it where it is installed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from resprout.crosscheck.benchmark import _starts, benchmark_cohort
from resprout.crosscheck.compiled_simulators import Diffsol, diffsl_text
from resprout.crosscheck.reduced_model import reduce_model


@pytest.fixture(scope="module")
def cohort():
    return benchmark_cohort(1, "ketamine 0.5 mg/kg iv over 40 min", 0.3, compared=2, timed=2)


def test_every_name_is_defined_before_it_is_read_and_has_no_underscore(cohort):
    reduced = reduce_model(cohort.model, cohort.events, cohort.outputs)
    names = (*reduced.constants, *reduced.plain.invariant)
    lines = diffsl_text(reduced, names).splitlines()
    defined = {"exp", "log", "sqrt", "pow"}
    for line in lines:
        head, _, body = line.partition("{")
        read = re.findall(r"[a-z]\w*", re.sub(r"\d[\d.]*e[-+]?\d+", "0", body))
        if head.strip() in ("in_i", "u_i"):
            assert set(re.findall(r"= (b\d+)", body)) <= defined
            defined |= set(re.findall(r"(\w+) =", body))
        else:
            assert set(read) <= defined, line[:80]
            defined.add(head.strip())
        assert not any("_" in name for name in read)
    assert lines[0].count("=") == len(names) + len(reduced.states)
    assert lines[1].count("=") == len(reduced.states) and lines[-2].startswith("F_i")
    assert lines[-1].startswith("out_i")


def test_pydiffsol_gives_the_reference(cohort):
    pytest.importorskip("pydiffsol")
    reduced = reduce_model(cohort.model, cohort.events, cohort.outputs)
    program, start = Diffsol(reduced), _starts(cohort)
    for patient in range(2):
        values = reduced.values(cohort.one(patient), start[patient], patient)
        found = program.solve(values, cohort.hours, tolerance=1e-8)
        assert np.isfinite(found).all() and cohort.error(patient, found) < 1e-5
