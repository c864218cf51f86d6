"""Named populations: parameters that make people of another mean and spread, files, and every fault of them."""

import numpy as np
import pytest

import resprout as rs
from resprout.app.cli import run
from resprout.people.covariates import stress_load
from resprout.people.named_population import NamedPopulation, moved_parameters, read_population
from resprout.people.spreads import eta_correlations, spread_constants
from resprout.trial.expectation import placebo_share

MODEL = rs.load_model()
ETA = np.linspace(-2.0, 2.0, 9)


def moved(effect, mean, sd):
    """The model of a population in which an effect has another mean and spread."""
    values, spreads = moved_parameters(MODEL, effect, mean, sd)
    words = {name: f"{word} {float(size)!r}" for name, (word, size) in spreads.items()}
    return NamedPopulation("moved", "mdd", {name: float(value) for name, value in values.items()}, words).applied(MODEL)


@pytest.mark.parametrize(
    "effect", ["demethylation_clearance", "ketamine_volume", "mTORC1_half_point", "synaptic_GluN2B_share"]
)
def test_people_of_a_moved_population_are_those_whose_effect_has_that_mean_and_spread(effect):
    names = eta_correlations(MODEL)[0]
    here = {name: np.zeros(ETA.size) for name in names} | {effect: 0.7 + 1.3 * ETA}
    there = {name: np.zeros(ETA.size) for name in names} | {effect: ETA}
    before, after = spread_constants(MODEL, here), spread_constants(moved(effect, 0.7, 1.3), there)
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, rtol=1e-9)


def test_stress_and_placebo_response_move_with_their_parameters():
    model = moved("stress", -0.4, 0.8)
    np.testing.assert_allclose(stress_load(ETA, model.nominal), stress_load(-0.4 + 0.8 * ETA, MODEL.nominal), rtol=1e-9)
    model, sd = moved("placebo propensity", 0.5, 0.9), MODEL.nominal["placebo_propensity_sd"]
    share = placebo_share(np.exp(model.nominal["placebo_propensity_sd"] * ETA), model.nominal)
    np.testing.assert_allclose(share, placebo_share(np.exp(sd * (0.5 + 0.9 * ETA)), MODEL.nominal), rtol=1e-9)


def test_people_of_a_named_population_are_given_drugs_for_which_the_folder_has_no_place():
    model = moved("stress", 0.3, 1.0)
    people = rs.recruit(2, seed=1, model=model)
    run = rs.simulate(model, people, "midazolam 0.045 mg/kg iv over 40 min", days=1, outputs=["HDRS17"])
    assert np.isfinite(run["HDRS17"]).all()


def test_a_population_survives_its_file_and_people_are_recruited_from_it(tmp_path):
    many = len(MODEL.tables["draws"][0]["values"].split())
    told = NamedPopulation("clinic", "mdd", {"stress_mean": 2.5}, {"demethylation_clearance": "logsd 0.5"},
                           {"stress_mean": (2.5,) * many}, {"people": 40})  # fmt: skip
    (tmp_path / "clinic.yaml").write_text(told.saved(), encoding="utf-8")
    assert read_population(tmp_path / "clinic.yaml") == told == read_population(tmp_path / "clinic")
    model = told.applied(MODEL)
    before, after = (rs.recruit(60, entry="HDRS17>=0", model=each, uncertain=True) for each in (MODEL, model))
    # the mean of 60 people with a CV of 44 % has a standard error of 6 %
    assert after.columns["stress"].mean() == pytest.approx(2.5, rel=0.15)
    assert np.std(np.log(after.constants["demethylation_clearance"])) > 1.5 * np.std(
        np.log(before.constants["demethylation_clearance"])
    )


def test_every_fault_of_a_population_is_told(tmp_path):
    text = "population: a\nof: mddd\nvalue: {a: 1}\nvalues: {stress_mean: much}\ndraws: {stress_mean: 1 x}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(rs.InputError) as refused:
        read_population(tmp_path / "a.yaml")
    assert {fault.where for fault in refused.value.faults} == {f"a.yaml:{line}" for line in (2, 3, 4, 5)}
    with pytest.raises(rs.InputError, match="there is no population"):
        read_population(tmp_path / "b")
    bad = NamedPopulation("bad", "mdd", {"stres_mean": 1.0, "stress_mean": -1.0}, {"hepatic_flow": "wide", "stress_mean": "cv 1"},
                          about={"model_digest": "other"})  # fmt: skip
    with pytest.raises(rs.InputError) as refused:
        bad.applied(MODEL)
    told = str(refused.value)
    for part in (
        "Did you mean `stress_mean`?",
        "`stress_mean` is -1",
        "the spread of `hepatic_flow`",
        "people do not differ",
        "another model",
    ):
        assert part in told


def test_commands_take_a_population_by_its_file(tmp_path, capsys):
    file = tmp_path / "clinic.yaml"
    file.write_text("population: clinic\nof: mdd\nvalues: {female_share: 1}\n", encoding="utf-8")
    assert run(["recruit", "20", "--population", str(file)]) == 0
    assert "female 100%" in capsys.readouterr().out
    file.write_text("population: clinic\nof: mdd\nvalues: {femal_share: 1}\n", encoding="utf-8")
    assert run(["recruit", "20", "--population", str(file)]) == 2
    assert "Did you mean `female_share`?" in capsys.readouterr().err
    assert run(["trial", "berman2000", "--population", "mdd"]) == 2
    assert "the protocol says which" in capsys.readouterr().err
