"""Posteriors of observed people: priors equal recruited people, likelihoods equal the rater's, posteriors equal brute force."""

import json

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

import resprout as rs
from resprout.app.cli import run
from resprout.dosing.dose_records import Dose
from resprout.patients.dataset import LEVEL, RATING, Dataset, Observation, Occasion, Person, Setting
from resprout.patients.expected_ratings import History, expected_values, solve_history
from resprout.patients.individual_posteriors import contraction, fitted_and_kept, weighted_quantiles
from resprout.patients.particle_posterior import Sampling, log_likelihood, posterior_of
from resprout.patients.person_traits import trait_values
from resprout.patients.prior_particles import cohort_of, draw_particles
from resprout.patients.rating_errors import (
    Spread,
    error_table,
    further_ratings,
    log_likelihood_of_level,
    log_likelihood_of_ratings,
    rating_spread,
)
from resprout.people.ratings import rate, within_subject_variation
from resprout.people.recall import recalled_hours, recalled_mean

MODEL = rs.load_model()
SETTING = Setting(entry=18.0)
INFUSION = Dose("ketamine", 40.0, False, "iv", 2 / 3, (0.0,))
KNOWN = {"age": 40.0, "sex": "female", "weight": 80.0, "genotype": "Val/Met", "CYP2B6": "normal"}


def person(*observations, doses=(INFUSION,), name="a", **covariates):
    """A person with one infusion."""
    return Person(name, (Occasion(0.0, tuple(doses), tuple(observations)),), KNOWN | covariates)


def level(hour, value, *, below=False):
    """A level of ketamine."""
    return Observation("ketamine_venous", LEVEL, hour, value, below)


def madrs(hour, value):
    """A rating."""
    return Observation("MADRS", RATING, hour, value)


class Numbers:
    """Candidates in place of random ones."""

    def __init__(self, candidate):
        self.candidate = candidate

    def integers(self, *_):
        return self.candidate


def test_prior_draws_are_the_people_that_recruiting_gives():
    recruited = rs.recruit(60, seed=3, model=MODEL, entry="HDRS17>=0")
    drawn = draw_particles(MODEL, Person("a", ()), Setting(), 3, 60, Numbers(recruited.candidate))
    people = cohort_of(MODEL, drawn, Setting(), 3)
    for name, value in recruited.constants.items():
        np.testing.assert_allclose(people.constants[name], value, rtol=1e-12, err_msg=name)
    for name in ("placebo_propensity", "recovery", "stress", "glial_uptake", "weight_kg", "age"):
        np.testing.assert_allclose(people.columns[name], recruited.columns[name], rtol=1e-12, err_msg=name)


def test_prior_draws_have_the_covariates_that_are_known():
    known = {
        "age": 15.0,
        "sex": "male",
        "weight": 50.0,
        "genotype": "Met/Met",
        "CYP2B6": "slow",
        "ancestry": "east_asian",
    }
    drawn = draw_particles(MODEL, Person("a", (), known), Setting(), 1, 200, np.random.default_rng(1))
    told = {name: set(np.asarray(value).tolist()) for name, value in drawn.covariates.items()}
    shown = {"age": {15.0}, "sex": {"male"}, "weight_kg": {50.0}, "genotype": {"Met/Met"}, "CYP2B6": {"slow"}}
    assert shown.items() <= told.items() and told["ancestry"] == {"east_asian"}
    assert np.unique(drawn.beside["stress"]).size == 200


@pytest.mark.parametrize(("scale", "severity"), [("MADRS", 22.0), ("HDRS17", 12.0), ("PHQ9", 18.0), ("CADSS", 30.0)])
def test_the_spread_of_ratings_is_that_of_the_rater(scale, severity):
    person, hours = np.arange(20_000), [0.0, 24.0]
    covered = recalled_hours(scale, hours, -np.inf, MODEL.nominal)
    every = np.unique(covered)
    varies = within_subject_variation(5, person, every, MODEL.nominal)
    varies = recalled_mean(varies[:, np.searchsorted(every, covered)])
    rated = rate(MODEL.scales[scale], np.full((person.size, 2), severity), varies, 5, person, ["a", "b"], MODEL)
    spread = rating_spread(MODEL, (scale, scale), np.array(hours), np.full((1, 2), severity))
    # 4,000 people of the table and 20,000 here: means to 0.05 SD, variances to 4 %, covariances to as much of the variance
    assert spread.mean[0] == pytest.approx(rated.mean(axis=0), abs=0.07 * rated.std())
    found, expected = spread.covariance[0], np.cov(rated.T)
    assert np.abs(found - expected).max() < 0.07 * expected[0, 0]


def test_the_likelihood_of_ratings_is_the_normal_density_and_at_the_floor_its_tail():
    table = np.array([[4.0, 1.5, 0.5], [1.5, 5.0, 1.0], [0.5, 1.0, 3.0]])
    spread = Spread(np.array([[20.0, 15.0, 2.0]]), table[None])
    observed, step, above = np.array([22.0, 12.0, 0.0]), np.ones(3), np.zeros(3, bool)
    whole = multivariate_normal(spread.mean[0], table).logpdf(observed) + 1.5 * np.log(2 * np.pi)
    assert log_likelihood_of_ratings(spread, observed, above, step)[0] == pytest.approx(whole)
    # given the first two, the third is normal with this mean and variance
    weights = np.linalg.solve(table[:2, :2], table[:2, 2])
    mean, variance = 2 + weights @ (observed[:2] - spread.mean[0, :2]), 3 - weights @ table[:2, 2]
    first = multivariate_normal(spread.mean[0, :2], table[:2, :2]).logpdf(observed[:2]) + np.log(2 * np.pi)
    tail = norm.logcdf((0.5 - mean) / np.sqrt(variance))
    floor = np.array([False, False, True])
    assert log_likelihood_of_ratings(spread, observed, floor, step)[0] == pytest.approx(first + tail)


def test_further_ratings_have_the_mean_and_variance_that_the_earlier_ones_leave():
    table = np.array([[4.0, 1.5, 0.5], [1.5, 5.0, 1.0], [0.5, 1.0, 3.0]])
    many = 40_000
    spread = Spread(np.tile([20.0, 15.0, 2.0], (many, 1)), np.tile(table, (many, 1, 1)))
    drawn = further_ratings(spread, np.array([22.0]), np.random.default_rng(2).standard_normal((many, 2)))
    # by hand: 15 + 1.5/4 x 2 and 2 + 0.5/4 x 2; 5 - 1.5^2/4, 3 - 0.5^2/4, 1 - 1.5 x 0.5/4
    np.testing.assert_allclose(drawn.mean(axis=0), [15.75, 2.25], atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), [[4.4375, 0.8125], [0.8125, 2.9375]], atol=0.12)


def test_a_level_below_its_limit_counts_by_the_chance_of_being_below():
    assert log_likelihood_of_level(np.array([2.0]), 2.0, 0.15, below=True)[0] == pytest.approx(np.log(0.5))
    # one SD of the log above the true level
    high = log_likelihood_of_level(np.array([10.0]), 10 * np.exp(0.2), 0.2, below=False)[0]
    assert high == pytest.approx(-0.5 - np.log(0.2))


def test_a_person_without_observations_keeps_the_prior():
    found = fitted_and_kept(MODEL, person(), SETTING, Sampling())
    assert found.person[2] == 0 and found.person[5] == "reported"
    # 1,200 draws against 400 others: percentiles vary by 0.29 / 20
    assert max(abs(row[9]) for row in found.traits) < 0.12


def test_the_posterior_is_that_of_brute_force():
    seen = person(level(1.5, 40.0), level(6.0, 9.0), madrs(0.0, 30.0), madrs(24.0, 14.0))
    found = posterior_of(MODEL, seen, SETTING, Sampling(prior=4000, kept=2000), 18.0)
    assert found.temperatures > 0
    drawn = draw_particles(MODEL, seen, SETTING, 9, 60_000, np.random.default_rng(9))
    people = cohort_of(MODEL, drawn, SETTING, 9)
    history = History(seen.occasions[0].regimen, (), {"MADRS": (0.0, 24.0), "ketamine_venous": (1.5, 6.0)}, SETTING)
    solved = solve_history(MODEL, people, history)
    like = log_likelihood(MODEL, people, seen.occasions[0], history, solved)
    like = np.where(solved.values["HDRS17"][:, 0] >= 18, like, -np.inf)
    weights = np.exp(like - like.max())
    weights /= weights.sum()
    assert 1 / (weights**2).sum() > 300
    exact, sampled = trait_values(MODEL, people, [solved]), trait_values(MODEL, found.people, found.solved)
    for name in ("ketamine_clearance", "ketamine_central_volume", "severity_before", "drug_relief", "placebo_relief"):
        mean, sd = weights @ exact[name], np.sqrt(weights @ (exact[name] - weights @ exact[name]) ** 2)
        size = found.effective_size(sampled[name])
        # three standard errors of both
        error = 3 * sd * np.sqrt(1 / size + 1 / 300)
        assert found.weights @ sampled[name] == pytest.approx(mean, abs=error), name


def test_low_levels_say_that_clearance_is_high():
    names = ("low", "high")
    low, high = (
        fitted_and_kept(MODEL, person(level(1.5, 36 * size), level(3.0, 19 * size), name=name), SETTING, Sampling())
        for name, size in zip(names, (1.0, 2.2), strict=True)
    )
    clearance = [next(row for row in fit.traits if row[1] == "ketamine_clearance") for fit in (low, high)]
    assert clearance[0][4] > clearance[1][5]  # the 90 % intervals do not touch


def test_people_that_the_population_has_not_are_refused_with_a_reason(tmp_path, capsys):
    table = "patient,time_h,endpoint,value\n1,0,MADRS,60\n1,24,MADRS,0\n1,24.1,MADRS,60\n1,24.2,MADRS,0\n"
    (tmp_path / "a.csv").write_text(table, encoding="utf-8")
    assert run(["data", "fit", str(tmp_path / "a.csv"), "--population", "healthy", "--entry", "HDRS17>=40"]) == 3
    assert "refused: patient 1: nobody in the population could have these data" in capsys.readouterr().out


def test_criteria_that_a_posterior_cannot_hold_are_refused():
    data = Dataset((person(),), Setting(), (), (), ("a",))
    with pytest.raises(rs.InputError, match="not about HDRS17 alone"):
        rs.update(rs.People(1000, entry="MADRS>=20"), data, model=MODEL)


def test_the_same_seed_gives_the_same_posterior_alone_or_among_others():
    seen = person(madrs(0.0, 30.0), madrs(24.0, 14.0), name="b")
    alone = rs.update(None, Dataset((seen,), Setting(), (), (), ("a",)), model=MODEL)
    among = rs.update(None, Dataset((person(), seen), Setting(), (), (), ("a",)), model=MODEL)
    rows = among.traits[among.traits["patient"] == "b"].reset_index(drop=True)
    assert rows.equals(alone.traits)


def test_quantiles_of_weights_and_contraction():
    values = np.array([3.0, 1.0, 2.0])
    assert weighted_quantiles(values, np.array([0.25, 0.5, 0.25]), (0.25, 0.625)) == pytest.approx([1.0, 2.0])
    before = np.linspace(0, 1, 1001)
    assert contraction(before, before, np.full(1001, 1 / 1001)) == pytest.approx(0, abs=0.005)
    half = np.linspace(0.25, 0.75, 1001)  # half as wide: a quarter of the variance
    assert contraction(before, half, np.full(1001, 1 / 1001)) == pytest.approx(0.75, abs=0.005)


def test_the_command_writes_traits_and_observations_beside_predictions(tmp_path, capsys):
    lines = (rs.read_data.__globals__["EXAMPLE"]).read_text(encoding="utf-8").splitlines()
    (tmp_path / "two.csv").write_text("\n".join(lines[:21]), encoding="utf-8")
    targets = [str(tmp_path / name) for name in ("traits.csv", "seen.csv")]
    words = ["data", "fit", str(tmp_path / "two.csv"), "--table", targets[0], "--observations", targets[1], "--json"]
    assert run(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["status"] for each in told["people"]] == ["reported", "reported"]
    assert len(told["observations"]) == 18 and (tmp_path / "seen.csv").read_text(encoding="utf-8").count("\n") == 19
    inside = [each["lower"] <= each["observed"] <= each["upper"] for each in told["observations"]]
    assert sum(inside) >= 14


def test_expected_values_follow_the_trial_of_the_same_control():
    people = rs.recruit(4, seed=2, model=MODEL)
    history = History(
        Occasion(0.0, (INFUSION,), ()).regimen, (), {"MADRS": (0.0, 24.0), "HDRS17": (0.0, 24.0)}, SETTING
    )
    found = expected_values(MODEL, people, history, solve_history(MODEL, people, history))
    np.testing.assert_allclose(found["MADRS"][:, 0], people.columns["HDRS17"], rtol=2e-3)
    assert (found["MADRS"][:, 1] < found["MADRS"][:, 0]).all()
    assert error_table(MODEL, "MADRS").mean[0] < 2


def test_a_person_in_whom_an_antidepressant_has_failed_comes_from_people_with_that_history():
    seen = (madrs(0.0, 32.0),)
    usual, resistant = (
        posterior_of(MODEL, person(*seen, name="a", **known), SETTING, Sampling(), 18.0)
        for known in ({}, {"resistant": True})
    )
    # who responded to a placebo before is not among them
    means = [each.weights @ each.people.columns["placebo_propensity"].clip(max=3) for each in (usual, resistant)]
    assert means[1] < means[0]
    before = [each.prior.columns["placebo_propensity"].clip(max=3).mean() for each in (usual, resistant)]
    assert before[1] < before[0]
    stress = [each.prior.columns["stress"].mean() for each in (usual, resistant)]
    assert stress[1] > stress[0]
