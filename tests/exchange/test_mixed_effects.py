"""Population and individual estimates on an imported model: theophylline against the answer of R's nlme."""

from pathlib import Path

import numpy as np
import pytest

import resprout as rs
from resprout.exchange.imported_model_data import read_imported_people
from resprout.exchange.mixed_effects import fit_imported_population

MODEL = """
model one_compartment
  gut' = -ka*gut
  body' = ka*gut - ke*body
  conc := body*ke/(cl*weight)
  gut = 0; body = 0
  ka = 1.5; ke = 0.08; cl = 0.04; weight = 70
end
"""
MAPPING = "units: {time: h, amount: mg/kg}\ndrug: gut\nendpoint: conc\n"
RECORDED = Path(__file__).with_name("theophylline.csv")
# nlme(conc ~ SSfol(Dose, Time, lKe, lKa, lCl), Theoph, random = pdDiag(lKe + lKa + lCl ~ 1)), R 4.2.2
FIXED = {"ke": -2.454645, "ka": 0.465500, "cl": -3.227198}
SD = {"ka": 0.6438623, "cl": 0.1669211}
RESIDUAL, LOG_LIKELIHOOD = 0.7092252, -177.0235
LOG_KA = {"6": 0.23404212, "7": -0.24664780, "8": 0.35465560, "11": 1.31869592, "3": 0.83047012, "2": 0.74942896, "4": 0.18711885,
          "9": 1.86901230, "12": -0.02318284, "10": -0.43381366, "1": 0.34642852, "5": 0.39979718}  # fmt: skip
LOG_CL = {"6": -3.077598, "7": -3.067060, "8": -3.119394, "11": -2.978158, "3": -3.199971, "2": -3.216292, "4": -3.291044, "9": -3.428141,
          "12": -3.279095, "10": -3.333986, "1": -3.581439, "5": -3.154197}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The model and the mapping as files."""
    folder = tmp_path_factory.mktemp("theophylline")
    (folder / "model.ant").write_text(MODEL, encoding="utf-8")
    (folder / "map.yaml").write_text(MAPPING, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found(files):
    """Estimates from the recorded table, through the reader of event tables."""
    model = rs.import_model(files / "model.ant")
    people = read_imported_people(RECORDED, files / "map.yaml", model)
    assert len(people) == 12 and sum(len(who.values) for who in people) == 132
    return fit_imported_population(model, people, ("ka", "ke", "cl"))


def test_population_estimates_of_theophylline_are_those_of_nlme(found):
    table = found.population.set_index("constant")
    for name, expected in FIXED.items():
        assert table.loc[name, "logarithm"] == pytest.approx(
            expected, abs=0.005
        )  # both stop at a tolerance of their own
    for name, expected in SD.items():
        assert table.loc[name, "sd"] == pytest.approx(expected, rel=0.02)
    assert table.loc["ke", "sd"] < 0.02  # nlme finds none
    assert found.residual_sd == pytest.approx(RESIDUAL, rel=0.01)
    assert found.log_likelihood == pytest.approx(LOG_LIKELIHOOD, abs=0.1)


def test_individual_estimates_of_theophylline_are_those_of_nlme_and_lie_within_their_limits(found):
    table = found.people.set_index(["constant", "patient"])
    for constant, own in (("ka", LOG_KA), ("cl", LOG_CL)):
        for patient, expected in own.items():
            row = table.loc[(constant, patient)]
            assert row["median"] == pytest.approx(np.exp(expected), rel=0.02)  # five per cent are asked for
            assert row["lower"] < row["median"] < row["upper"]


def test_what_cannot_be_read_for_an_imported_model_is_refused_with_row_and_column(files, tmp_path):
    model = rs.import_model(files / "model.ant")
    table = "ID,TIME,AMT,RATE,EVID,DV,DVID,WT\n1,0,4,0,1,.,.,70\n1,1,.,.,0,3,concc,70\n2,0,4,2,1,.,.,70\n2,1,.,.,0,x,conc,70\n"
    (tmp_path / "a.csv").write_text(table, encoding="utf-8")
    (tmp_path / "a.yaml").write_text(MAPPING.replace("amount: mg/kg", "amount: mg/kg, rate: mg/kg/h"), encoding="utf-8")
    with pytest.raises(rs.InputError) as refused:
        read_imported_people(tmp_path / "a.csv", tmp_path / "a.yaml", model)
    said = str(refused.value)
    assert "a.csv:3 (patient 1, column DVID)  `concc` is no output" in said and "Did you mean `conc`" in said
    assert "a.csv:5 (patient 2, column DV)" in said and "column RATE)  an infusion" in said
    with pytest.raises(rs.InputError, match="`kaa` is no constant"):
        fit_imported_population(model, (), ("kaa",))
