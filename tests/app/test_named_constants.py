"""`compare`, `sensitivity` and `patient` with the file of a named population: its constants hold."""

import json

import pytest

POPULATION = "population: fast\nof: mdd\nvalues: {demethylation_clearance: 900.0}\n"
REGIMEN = "ketamine 0.5 mg/kg iv over 40 min"


@pytest.fixture
def fast(tmp_path):
    (tmp_path / "fast.yaml").write_text(POPULATION, encoding="utf-8")
    return "fast.yaml"


def test_a_typical_patient_of_a_named_population_is_one_with_its_constants(resprout, fast):
    words = ("patient", REGIMEN, "--days", "1", "--outputs", "ketamine_venous", "--json")
    named, plain = (json.loads(resprout(*words, *more)[1]) for more in (("--population", fast), ()))
    changed = json.loads(resprout(*words, "--set", "demethylation_clearance=900")[1])
    # a value of the model is compiled as a number, and one that is set is not
    peaks = [told["rows"][0]["farthest"] for told in (named, changed, plain)]
    assert peaks[0] == pytest.approx(peaks[1], rel=1e-3) and peaks[0] < 0.95 * peaks[2]
    assert named["provenance"]["named_population"] == "fast" and "named_population" not in plain["provenance"]


def test_drugs_are_compared_with_the_constants_of_a_named_population(resprout, fast):
    named, plain = (
        json.loads(resprout("compare", "--draws", "0", "--json", *more)[1]) for more in (("--population", fast), ())
    )
    surges = [
        [row["psychotomimetic"] for row in told["rows"] if row["drug"].startswith("ketamine ")]
        for told in (named, plain)
    ]
    # what is cleared three times as fast is felt less
    assert surges[0][0] < surges[1][0] - 1
    assert named["provenance"]["named_population"] == "fast"


def test_sensitivity_is_around_the_constants_of_a_named_population(resprout, fast):
    words = (
        "sensitivity",
        "ketamine_brain@1h",
        "--person",
        "healthy",
        "--samples",
        "16",
        "--method",
        "morris",
        "--json",
    )
    named, plain = (json.loads(resprout(*words, *more)[1]) for more in (("--population", fast), ()))
    assert named["spread"][0]["mean"] < 0.9 * plain["spread"][0]["mean"]


@pytest.mark.parametrize("words", [("compare",), ("sensitivity",), ("patient", REGIMEN)])
def test_a_shipped_population_is_refused_where_the_person_is_said_otherwise(words, resprout, tmp_path):
    code, _, said = resprout(*words, "--population", "bipolar")
    assert code == 2 and "`bipolar` is a shipped population." in said
    (tmp_path / "p.yaml").write_text(POPULATION.replace("demethylation_clearance", "demethylation"), encoding="utf-8")
    code, _, said = resprout(*words, "--population", "p.yaml")
    assert code == 2 and "`demethylation` is no constant of the model." in said
