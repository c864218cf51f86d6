"""Trials too small or too empty to be analysed: every replicate ends as a number or as a counted reason."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resprout.app.serve.trial_pictures import trial_pictures
from resprout.app.trial_warnings import not_estimable_sentences
from resprout.language import load_model
from resprout.trial.design import Protocol
from resprout.trial.design_checks import check_design
from resprout.trial.reported_statistics import MAY_NOT_BE_REACHED, STATISTICS, statistic
from resprout.trial.trial import run_protocol

VISITS = ("0 min", "4 h", "24 h", "2 d", "3 d", "7 d", "10 d", "14 d", "21 d")
SHARES = st.sampled_from((0.0, 0.1, 0.6, 1.0))


@lru_cache(maxsize=1)
def model():
    return load_model()


def design(sizes, visits=4, dropout=None, analysis=("mmrm", "ancova", "responder", "relapse"), kind="parallel"):
    """Ketamine against saline."""
    size = "size" if kind == "parallel" else "first"
    drug = {"name": "drug", "regimen": "ketamine 0.5 mg/kg iv over 40 min", size: sizes[0]}
    salt = {"name": "salt", "regimen": "saline", size: sizes[1], "control": True}
    fields = {"name": "small", "title": "small", "design": kind, "control": "saline", "arms": [drug, salt]}
    fields |= {"endpoints": [{"name": "MADRS", "visits": list(VISITS[: visits + 1])}], "analysis": list(analysis)}
    fields |= {"relapse": {"start": VISITS[1]}, "dropout": dropout or {}}
    return Protocol.model_validate(fields | ({"washout": "28 d"} if kind == "crossover" else {}))


def run(protocol, replicates, seed=1):
    regimens, faults = check_design(protocol, model(), lambda _: "")
    assert not faults
    return run_protocol(protocol, regimens, model(), replicates, seed, point=True)


def reasons_counted(text):
    """The sum of the numbers in `reason (3); another (1)`."""
    return sum(int(part.rpartition("(")[2].rstrip(")").replace(",", "")) for part in text.split("; ") if part)


def check(trial):
    """Every quantity is a number over the replicates that have it, and all others are counted with a reason."""
    for row in trial.analysis.to_dict("records"):
        assert reasons_counted(row["not_estimable"]) == row["replicates"] - row["estimable"]
        assert np.isfinite(row["estimate"]) == (row["estimable"] > 0)
        assert np.isfinite(row["power"]) == (row["tested"] > 0)
        if row["test"]:
            assert row["power_of_all"] * row["replicates"] == pytest.approx(np.nan_to_num(row["power"]) * row["tested"])
    every = trial.estimates
    assert (every["status"].eq("estimable") == every["estimate"].notna()).all()
    for row in trial.table.to_dict("records"):
        assert np.isfinite(row["value"]) == (row["not_estimable"] < trial.replicates)
    assert all("not estimable" in sentence for sentence in not_estimable_sentences(trial))


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    visits=st.integers(1, 8),
    leave=SHARES,
    informative=SHARES,
    missed=SHARES,
    replicates=st.sampled_from((1, 3, 20)),
)
def test_any_small_trial_ends_in_numbers_or_in_counted_reasons(sizes, visits, leave, informative, missed, replicates):
    rule = {"completely_at_random": leave, "informative": informative, "missed_visits": missed}
    check(run(design(sizes, visits, rule), replicates))


@settings(max_examples=5, deadline=None, derandomize=True)
@given(sizes=st.tuples(st.integers(0, 3), st.integers(1, 3)), visits=st.integers(1, 4), missed=SHARES)
def test_any_small_crossover_ends_in_numbers_or_in_counted_reasons(sizes, visits, missed):
    sizes = (sizes[0] + 1, sizes[1]) if sum(sizes) < 2 else sizes
    names = ("rm_anova", "genotype", "responder")
    check(run(design(sizes, visits, {"missed_visits": missed}, names, "crossover"), 3))


def test_two_patients_an_arm_carry_no_covariance_of_three_visits_but_an_analysis_of_covariance():
    analysis = run(design((2, 2), 3, analysis=("mmrm", "ancova")), 5).analysis.set_index("analysis")
    mixed, covariance = analysis.loc["mmrm"], analysis.loc["ancova"]
    assert mixed["estimable"].eq(0).all() and mixed["p"].isna().all() and mixed["power"].isna().all()
    assert mixed["not_estimable"].eq("more visits than degrees of freedom (5)").all()
    # four patients less intercept, arm and baseline leave one degree of freedom
    assert covariance["df"].eq(1).all() and covariance["estimable"].ge(3).all()
    # which four ratings in whole points may leave without any variance
    assert all("no variance between patients" in reason for reason in covariance["not_estimable"] if reason)


def test_a_primary_analysis_that_is_not_estimable_is_not_replaced_by_another():
    from resprout.trial.analysis import headline

    trial = run(design((2, 2), 3, analysis=("mmrm", "ancova")), 2)
    row = headline(trial.protocol, trial.analysis.to_dict("records"))
    assert row["analysis"] == "mmrm" and row["estimable"] == 0


@pytest.mark.parametrize(("kind", "sizes"), [("parallel", (1, 1)), ("parallel", (2, 3)), ("crossover", (1, 1))])
@pytest.mark.parametrize("missed", [0.0, 0.6, 1.0])
def test_every_published_statistic_of_a_tiny_trial_is_a_number_or_nothing(kind, sizes, missed):
    trial = run(design(sizes, 3, {"missed_visits": missed}, (), kind), 3)
    for name in STATISTICS:
        if name == "interaction_p" and kind == "parallel":
            continue  # refused when the protocol is read
        value = statistic(trial.protocol, trial.outcome, name, "drug", "MADRS", 24.0)
        assert value.shape == (3,) and (name in MAY_NOT_BE_REACHED or not np.isinf(value).any()), name


@pytest.mark.parametrize("missed", [0.6, 1.0])
def test_the_page_speaks_of_a_trial_to_which_few_come(missed):
    spoken = " ".join(
        words for _, words in trial_pictures(run(design((2, 2), 3, {"missed_visits": missed}), 1)).values()
    )
    assert "nan" not in spoken and "nobody rated" in spoken
