"""Scenarios whose numbers were written down before the drugs of the model were restructured.

Each runs through the public door of the package alone. `scripts/record_scenarios.py` writes what they give into
`recorded_scenarios.tsv`; `test_recorded_scenarios.py` runs them again and compares.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml

import resprout as rs

Key = tuple[str, str, float]
Values = dict[Key, float]

TABLE = Path(__file__).with_name("recorded_scenarios.tsv")
COLUMNS = ("scenario", "quantity", "patient", "time_h", "value")

RELATIVE = 1e-6
TOLERANCE = 1e-11
"""Relative, of each step. At ten times this no value moves by more than two fifths of what is allowed, so that another
order of the equations cannot be taken for another number. Trials take no tolerance; most of their ratings are whole points."""
HOURS = (0.5, 2.0, 6.0, 24.0, 48.0, 72.0)
PEOPLE = 3
SEED = 11

KETAMINE_LEVELS = ("ketamine_venous", "ketamine_brain")
COURSE = (
    "PV_NMDA_block",
    "pyramidal_extrasynaptic_NMDA_block",
    "ambient_glutamate",
    "p_mTOR",
    "spine_density",
    "connectivity",
    "HDRS17",
)
FLOORS: dict[str, tuple[float, str]] = {
    "_venous": (1e-4, "uM; a drug below a ten-thousandth of a micromolar holds no receptor of the model"),
    "_plasma": (1e-4, "uM; as in venous blood"),
    "_brain": (1e-4, "uM; as in venous blood"),
    "_block": (1e-4, "a share from 0 to 1; what is left of a block after days is rounding of 1 - x"),
    "p_mTOR": (1e-4, "a share of its maximum of about 1; at rest it is nearly 0"),
}
"""Value below which the difference is held to `RELATIVE` of this instead, by ending of the name; with the reason."""
LEAST_FLOOR = 1e-3
"""For everything else: scores, shares and levels of the order of 1, so that only a value of 0 is ever touched."""


@dataclass(frozen=True)
class Scenario:
    """One run and what it is called.

    name   words of the test's id
    run    {(quantity, patient, hour): value}
    """

    name: str
    run: Callable[[], Values]


def floor_of(quantity: str) -> float:
    """The value below which a quantity is compared absolutely."""
    return next((floor for ending, (floor, _) in FLOORS.items() if quantity.endswith(ending)), LEAST_FLOOR)


def allowed(quantity: str, recorded: float) -> float:
    """The largest difference from a recorded value that counts as the same."""
    return RELATIVE * max(abs(recorded), floor_of(quantity))


def course(
    regimen: str,
    drugs: Sequence[str] = (),
    *,
    levels: Sequence[str] = (),
    hours: Sequence[float] = HOURS,
    kept: Sequence[int] = (1, 3, 5),
    cohort: Mapping[str, Any] | None = None,
    point: bool = True,
    **more: Any,
) -> Values:
    """Give a regimen to a few people; the first is recorded at the hours `kept`, the others at the fourth hour.

    drugs    outside the ketamine family, in the order of the regimen      levels   further levels to record
    kept     places among the hours           cohort   arguments of `recruit`; None lets `simulate` recruit
    more     further arguments of `simulate`
    """
    model = rs.load_model()
    wanted = [f"{drug}_{part}" for drug in drugs for part in ("plasma", "brain")] + [*levels, *COURSE]
    named = {quantity: quantity for quantity in wanted}
    drawn = {"genotype": more.pop("genotype", None), "seed": more.pop("seed", SEED)}
    people = rs.People(PEOPLE, point=point, **drawn)
    if cohort is not None:
        people = rs.recruit(PEOPLE, seed=SEED, model=model, **cohort)
    run = rs.simulate(
        model,
        people,
        regimen,
        days=max(hours) / 24,
        outputs=rs.Output(list(named.values()), hours),
        numerics=rs.Numerics(TOLERANCE),
        **more,
    )
    return picked(run, named, hours, [[hours[place] for place in kept]] + [hours[3:4]] * (PEOPLE - 1))


def picked(
    run: xr.Dataset, named: Mapping[str, str], hours: Sequence[float], by_patient: Sequence[Sequence[float]]
) -> Values:
    """Take the recorded moments out of a run; `by_patient` has the hours of each."""
    assert (run["status"].values == 0).all()
    at = {hour: int(np.abs(run["time_h"].values - hour).argmin()) for hour in hours}
    assert np.allclose(run["time_h"].values[list(at.values())], list(hours), rtol=0, atol=1e-9)
    return {
        (quantity, str(patient), hour): float(run[name].values[patient, at[hour]])
        for quantity, name in named.items()
        for patient, own in enumerate(by_patient)
        for hour in own
    }


def shipped_file(name: str) -> Path:
    """A file of the package by name, wherever in it that lies."""
    (found,) = Path(str(rs.__file__)).parent.rglob(name)
    return found


def trial(name: str, arm_size: int | None = None) -> Values:
    """Run two replicates of a shipped protocol; changes of every arm and endpoint at the first and last visit after dosing.

    arm_size   people in each arm, where the published arms are larger than a test needs
    """
    if arm_size is None:
        done = rs.run_trial(name, replicates=2, seed=SEED)
    else:
        design = yaml.safe_load(shipped_file(f"{name}.yaml").read_text(encoding="utf-8"))
        # published numbers may count people of their own
        design.pop("published")
        for arm in design["arms"]:
            arm["size"] = arm_size
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.yaml"
            path.write_text(yaml.safe_dump(design, sort_keys=False), encoding="utf-8")
            done = rs.run_trial(path, replicates=2, seed=SEED)
    values: Values = {}
    for (arm, endpoint), rows in done.table.groupby(["arm", "endpoint"], sort=False):
        visits = sorted(rows["time_h"].unique())
        for statistic, hour in (
            ("mean", visits[0]),
            ("mean_change", visits[1]),
            ("mean_change", visits[-1]),
            ("sd_change", visits[-1]),
        ):
            row = rows[(rows["statistic"] == statistic) & (rows["time_h"] == hour)]
            values[f"{arm} {endpoint} {statistic}", "all", round(float(hour), 6)] = float(row["value"].iloc[0])
    return values


def variant(name: str) -> dict[str, float]:
    """The constants that a rival hypothesis changes."""
    lines = shipped_file(f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader([line for line in lines if not line.startswith("#")], delimiter="\t")
    # HNK given as a drug is not part of these runs, and a setting that nothing reads is refused
    return {row["constant"]: float(row["value"]) for row in rows if not row["constant"].startswith("HNK_")}


REACTIONS = """
model two_steps()
  compartment C = 2.5; species S in C, P in C, Q in C;
  S = 4; P = 0.5; Q = 0; k = 0.3; v = 1.2; K = 0.7;
  J1: S -> P; C*k*S;
  J2: P -> Q; C*v*P/(K + P);
  total := S + P + Q;
end
"""
DOSES = """
model doses()
  A = 10; B = 0; k = 0.4; d = 0.25;
  A' = -k*A; B' = k*A - d*B;
  E1: at (time > 3): A = A + 5;
  E2: at (B < 2 && time > 4): B = B + 1.5, k = k*0.5;
end
"""
PENDULUM = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">
  <model id="oscillator">
    <listOfParameters>
      <parameter id="x" value="1" constant="false"/>
      <parameter id="y" value="0" constant="false"/>
      <parameter id="w" value="0.8" constant="true"/>
      <parameter id="c" value="0.1" constant="true"/>
    </listOfParameters>
    <listOfRules>
      <rateRule variable="x"><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>y</ci></math></rateRule>
      <rateRule variable="y"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><minus/>
        <apply><times/><apply><minus/><ci>w</ci></apply><ci>w</ci><ci>x</ci></apply>
        <apply><times/><ci>c</ci><ci>y</ci></apply></apply></math></rateRule>
    </listOfRules>
  </model>
</sbml>
"""


def own_model(file: str, text: str, outputs: Sequence[str], overrides: Mapping[str, Any]) -> Values:
    """Follow a model of one's own, written to a file first, once for each value that is overridden."""
    hours = (1.3, 4.7, 9.6)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_text(text, encoding="utf-8")
        run = rs.simulate_imported(
            rs.import_model(path),
            10.0,
            outputs=list(outputs),
            overrides=overrides,
            times_h=hours,
            numerics=rs.Numerics(TOLERANCE),
        )
    return picked(run, {name: name for name in outputs}, hours, [hours] * run.sizes["patient"])


TRIALS = {
    "aanhetrot2010_repeated": None,
    "berman2000": None,
    "diazgranados2010_bipolar": None,
    "ibrahim2011": None,
    "ibrahim2012": None,
    "laje2012_genotype": None,
    "larkin2011": None,
    "mathew2010": None,
    "mathew2010_lamotrigine": None,
    "murrough2013_midazolam": None,
    "murrough2013_repeated": None,
    "preskorn2008_traxoprodil": None,
    "rasmussen2013": None,
    "rutherford2012_wait_list": 20,
    "ssri_six_weeks": 20,
    "stard_level1": 20,
    "valentine2011": None,
    "zarate2006": None,
    "zarate2012_bipolar": None,
    "zarate2013_lanicemine": None,
}
"""Shipped protocols; a number where the arms are cut down to it."""

KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
# regimen: drugs outside the ketamine family in it
DRUGS: dict[str, tuple[str, ...]] = {
    KETAMINE: (),
    "esketamine 84 mg nasal": (),
    "arketamine 0.5 mg/kg iv over 40 min": (),
    "norketamine 0.5 mg/kg iv over 40 min": ("norketamine",),
    "HNK 10 mg/kg ip": ("HNK",),
    "memantine 20 mg oral": ("memantine",),
    "lanicemine 100 mg iv over 60 min": ("lanicemine",),
    "esmethadone 25 mg oral": ("esmethadone",),
    "dextromethorphan 45 mg oral + bupropion 105 mg oral": ("dextromethorphan", "bupropion"),
    "nitrous oxide 50 % inhaled over 1 h": ("nitrous_oxide",),
    "traxoprodil 50 mg iv over 90 min": ("traxoprodil",),
    "Ro-25-6981 10 mg/kg ip": ("Ro_25_6981",),
    "CERC-301 8 mg oral": ("CERC_301",),
    "rapastinel 10 mg/kg iv": ("rapastinel",),
    "D-cycloserine 500 mg oral": ("D_cycloserine",),
    "LY341495 3 mg/kg ip": ("LY341495",),
    "TS-161 50 mg oral": ("TS_161",),
    "basimglurant 1.5 mg oral": ("basimglurant",),
    "CX546 10 mg/kg ip": ("CX546",),
    "scopolamine 4 ug/kg iv over 15 min": ("scopolamine",),
    "riluzole 50 mg oral": ("riluzole",),
    "lithium 900 mg oral": ("lithium",),
    "escitalopram 10 mg oral; every 24 h x 3": ("escitalopram",),
    "midazolam 0.045 mg/kg iv over 40 min": ("midazolam",),
    "ketamine 10 mg/kg ip + rapamycin 0.183 ug local": ("rapamycin",),
}
WEEKS = (2.0, 24.0, 120.0, 168.0, 336.0, 504.0)
SIX_INFUSIONS = f"{KETAMINE}; every 2 d x 3 + {KETAMINE} at 7 d; every 2 d x 3"
SPRAYS = "esketamine 56 mg nasal; every 3.5 d x 8 + escitalopram 10 mg oral; every 24 h x 28"
GENOTYPES = ("Val/Val", "Val/Met", "Met/Met")
BLOCKS = {"mTORC1": 0.9, "AMPA": 0.95, "BDNF": 0.9}
OVERRIDES = {"demethylation_clearance": 20.0, "synaptic_block_weight": 0.5, "later_spray_factor": 0.7}
VARIANTS = ("direct", "disinhibition", "metabolite")


def scenarios() -> list[Scenario]:
    """Every scenario, in the order of the table."""
    ketamine = partial(course, KETAMINE, levels=KETAMINE_LEVELS)
    found = [Scenario(f"trial {name}", partial(trial, name, size)) for name, size in TRIALS.items()]
    for regimen, drugs in DRUGS.items():
        levels = KETAMINE_LEVELS if "ketamine" in regimen.replace("norketamine", "") else ()
        run = partial(course, regimen, drugs, levels=levels, kept=range(6))
        found.append(Scenario(f"drug {regimen}", run))
    found += [Scenario(f"block {name}={size}", partial(ketamine, blocks={name: size})) for name, size in BLOCKS.items()]
    found += [Scenario(f"genotype {name}", partial(ketamine, genotype=name)) for name in GENOTYPES]
    found += [Scenario(f"variant {name}", partial(ketamine, overrides=variant(name))) for name in VARIANTS]
    found += [
        Scenario(
            "changed constants", partial(course, "esketamine 84 mg nasal", levels=KETAMINE_LEVELS, overrides=OVERRIDES)
        ),
        Scenario("six infusions", partial(course, SIX_INFUSIONS, levels=KETAMINE_LEVELS, hours=WEEKS)),
        Scenario(
            "eight sprays with escitalopram every day",
            partial(course, SPRAYS, ("escitalopram",), levels=KETAMINE_LEVELS, hours=WEEKS),
        ),
        Scenario("sublingual", partial(course, "ketamine 50 mg sublingual", levels=KETAMINE_LEVELS)),
        Scenario("healthy people", partial(ketamine, cohort={"population": "healthy"})),
        Scenario("bipolar depression", partial(ketamine, cohort={"population": "bipolar"})),
        Scenario("draws, ketamine", partial(ketamine, point=False)),
        Scenario(
            "draws, esketamine of other people",
            partial(course, "esketamine 56 mg nasal", levels=KETAMINE_LEVELS, point=False, seed=12),
        ),
        Scenario(
            "own model of reactions",
            partial(own_model, "two_steps.ant", REACTIONS, ("S", "P", "Q", "total"), {"k": [0.1, 0.3]}),
        ),
        Scenario("own model with events", partial(own_model, "doses.ant", DOSES, ("A", "B"), {"d": [0.2, 0.25]})),
        Scenario("own model in SBML", partial(own_model, "oscillator.xml", PENDULUM, ("x", "y"), {"w": [0.8, 1.1]})),
        Scenario(
            "draws, lanicemine",
            partial(course, "lanicemine 100 mg iv over 60 min", ("lanicemine",), point=False),
        ),
    ]
    return found


SCENARIOS = scenarios()


def recorded() -> dict[str, Values]:
    """What was written down, by scenario."""
    found: dict[str, Values] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"):
            key = row["quantity"], row["patient"], float(row["time_h"])
            found.setdefault(row["scenario"], {})[key] = float(row["value"])
    return found
