"""What the page asks for: every field with its bounds, from which the form, the checks and the link are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from resprout.calibrate.hypotheses import read_hypotheses
from resprout.dosing.regimen import AMOUNTS, KETAMINES, ROUTES
from resprout.language.drug_instances import library_drugs
from resprout.language.records import STAGES, Constant, Model
from resprout.people.typical import MEDIAN_STRESS
from resprout.trial.protocol import SHIPPED

STRONGEST = 10.0  # of an input that is a concentration in units of its dissociation constant
DRUG_LINES = 8
LONGEST_LINE = 160
TITLE = re.compile(r"^title:\s*(.+)$", re.MULTILINE)
FIRST_LINES = (
    "ketamine 0.5 mg/kg iv over 40 min",
    "esketamine 0.4 mg/kg iv over 40 min",
    "arketamine 0.5 mg/kg iv over 40 min",
    "esketamine 84 mg nasal",
    "midazolam 0.045 mg/kg iv over 40 min",
)
KETAMINE_LABELS = {
    "ketamine": "ketamine",
    "S_ketamine": "S-ketamine (esketamine)",
    "R_ketamine": "R-ketamine (arketamine)",
}
ROUTE_LABELS = {
    "iv": "intravenous",
    "nasal": "nasal",
    "oral": "oral",
    "sublingual": "sublingual",
    "im": "intramuscular",
    "sc": "subcutaneous",
    "inhaled": "inhaled",
}
LABORATORY = ("ip", "local")  # of rodents: typed in the drugs tab, not offered to a patient
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Field:
    """One field of the page.

    name             in the form, the link and messages    label   what a reader sees
    kind             number, slider, choice or line        group   dose, second, patient, block, hypothesis, trial, drugs
    default          as text                               unit    behind the value
    lowest, highest  bounds of a number                    step    of a slider
    choices          (value, label)                        hint    a short remark under the field
    """

    name: str
    label: str
    kind: str
    group: str
    default: str
    lowest: float = 0.0
    highest: float = 1.0
    step: float = 0.0
    unit: str = ""
    choices: Choices = ()
    hint: str = ""


@lru_cache(maxsize=8)
def fields_of(model: Model) -> dict[str, Field]:
    """Every field of the page by name; drugs, blocks and hypotheses are those that the model has."""
    listed = (
        *dose_fields(model),
        *patient_fields(),
        *block_fields(model),
        *hypothesis_fields(model),
        *trial_fields(),
        *drug_fields(),
    )
    return {field.name: field for field in listed}


def drug_choices(model: Model) -> Choices:
    """Every drug that a regimen may name: the ketamines, then the others."""
    others = tuple((name, name.replace("_", " ")) for name in library_drugs(model) if name not in KETAMINES)
    return (*((name, KETAMINE_LABELS[name]) for name in KETAMINES), *others)


def dose_fields(model: Model) -> list[Field]:
    """Two doses and how long to follow the patient."""
    routes = tuple(
        (name, ROUTE_LABELS.get(name, name)) for name in dict.fromkeys(ROUTES.values()) if name not in LABORATORY
    )
    units = tuple((unit, unit) for unit in ("mg/kg", "mg", *(("%",) if "%" in AMOUNTS else ())))
    drugs = drug_choices(model)
    first, second = ("saline", "saline (nothing)"), ("none", "none")
    return [
        Field("drug", "Drug", "choice", "dose", "ketamine", choices=(*drugs, first)),
        Field("amount", "Dose", "slider", "dose", "0.5", 0.0001, 2000.0, 0.01, choices=()),
        Field("unit", "Unit of the dose", "choice", "dose", "mg/kg", choices=units),
        Field("route", "Route", "choice", "dose", "iv", choices=routes),
        Field("minutes", "Infusion time", "number", "dose", "40", 0.0, 1440.0, 1.0, "min", hint="0 is a bolus."),
        Field("times", "Doses", "number", "dose", "1", 1.0, 30.0, 1.0),
        Field("every", "Days between", "number", "dose", "3", 0.125, 30.0, 0.125, "d"),
        Field("drug2", "Second drug", "choice", "second", "none", choices=(second, *drugs)),
        Field("amount2", "Dose", "number", "second", "1", 0.0001, 2000.0, 0.01),
        Field("unit2", "Unit of the second dose", "choice", "second", "mg", choices=units),
        Field("route2", "Route", "choice", "second", "iv", choices=routes),
        Field("minutes2", "Infusion time", "number", "second", "0", 0.0, 1440.0, 1.0, "min", hint="0 is a bolus."),
        Field("start2", "Given after", "number", "second", "0", 0.0, 720.0, 0.25, "h"),
        Field("days", "Follow for", "number", "dose", "14", 1.0, 60.0, 1.0, "d"),
    ]


def patient_fields() -> list[Field]:
    """Who the patient is."""
    sexes = (("female", "woman"), ("male", "man"))
    genotypes = tuple((name, name) for name in ("Val/Val", "Val/Met", "Met/Met"))
    enzymes = (("normal", "normal"), ("intermediate", "intermediate"), ("slow", "slow"))
    no_reader = "Acts on recruited people only, not on this typical patient."
    return [
        Field("glial", "Glial glutamate uptake", "slider", "patient", "75", 50.0, 110.0, 1.0, "% of health"),
        Field(
            "stress",
            "Chronic stress load",
            "slider",
            "patient",
            f"{MEDIAN_STRESS:g}",
            0.0,
            4.0,
            0.05,
            "(recruited: 1 to 2.5)",
        ),
        Field("genotype", "BDNF rs6265", "choice", "patient", "Val/Val", choices=genotypes),
        Field("weight", "Body weight", "slider", "patient", "70", 40.0, 160.0, 1.0, "kg"),
        Field("sex", "Sex", "choice", "patient", "female", choices=sexes, hint="Acts through body weight only."),
        Field("age", "Age", "number", "patient", "45", 18.0, 90.0, 1.0, "years", hint=no_reader),
        Field("enzyme", "CYP2B6", "choice", "patient", "normal", choices=enzymes),
    ]


def block_fields(model: Model) -> list[Field]:
    """A slider for each step of the chain that can be blocked, in the order of the stages."""
    steps = [constant for constant in model.constants.values() if is_block(constant)]
    return [block_field(constant) for constant in sorted(steps, key=lambda step: step.stage)]


def is_block(constant: Constant) -> bool:
    """Whether an input blocks a step: a share, or a concentration in units of its dissociation constant."""
    return constant.role == "input" and constant.bounds in ("share", "multiple")


def block_field(constant: Constant) -> Field:
    """A slider in percent for a share, or in units of its dissociation constant for a concentration."""
    stage = STAGES[constant.stage - 1]
    share = constant.bounds == "share"
    return Field(
        constant.name,
        step_label(constant.name),
        "slider",
        f"block {stage}",
        "0",
        0.0,
        100.0 if share else STRONGEST,
        1.0 if share else 0.1,
        "%" if share else "× Kd",
        hint=constant.meaning,
    )


def hypothesis_fields(model: Model) -> list[Field]:
    """The rival hypotheses that the model has; none, and there is no field."""
    rivals = read_hypotheses(model)
    if not rivals:
        return []
    choices = tuple((rival.name, first_part(rival.claim)) for rival in rivals)
    return [
        Field("hypothesis", "Hypothesis of ketamine action", "choice", "hypothesis", rivals[0].name, choices=choices)
    ]


def first_part(claim: str) -> str:
    """A claim up to its first colon, short enough for a list."""
    return claim.partition(":")[0].rstrip(".")


def step_label(name: str) -> str:
    """The name of an input as one reads it: `PV_NMDA_knockdown` is `PV NMDA knock-down`."""
    said = name.removesuffix("_block").replace("_", " ")
    return said.replace("knockdown", "knock-down")


def trial_fields() -> list[Field]:
    """The design of a trial of the regimen on the left."""
    controls = (("saline", "saline"), ("midazolam", "midazolam"), ("none", "none (open label)"))
    scales = tuple((name, name) for name in ("HDRS17", "MADRS", "HDRS25", "PHQ9", "QIDS_SR16", "BDI_II"))
    genotypes = (("all", "as in the population"), ("Val/Val", "Val/Val only"), ("Met", "Met carriers only"))
    visits = "4 h, 1 d, 3 d, 7 d, 14 d"
    return [
        Field(
            "published",
            "Trial",
            "choice",
            "trial",
            "own",
            choices=(("own", "of the regimen on the left"), *published()),
        ),
        Field("n", "Patients per arm", "number", "trial", "30", 4.0, 250.0, 1.0),
        Field("control", "Control", "choice", "trial", "saline", choices=controls),
        Field(
            "further", "Additional arm", "line", "trial", "", hint="A regimen, e.g. ketamine 0.2 mg/kg iv over 40 min"
        ),
        Field("scale", "Scale", "choice", "trial", "MADRS", choices=scales),
        Field("entry", "Minimum screening score", "number", "trial", "22", 0.0, 50.0, 1.0, "points"),
        Field("youngest", "Age from", "number", "trial", "18", 12.0, 90.0, 1.0, "years"),
        Field("oldest", "Age to", "number", "trial", "75", 12.0, 90.0, 1.0, "years"),
        Field("carriers", "BDNF rs6265", "choice", "trial", "all", choices=genotypes),
        Field("visits", "Visits", "line", "trial", visits, hint="After the first dose, e.g. 4 h, 1 d, 7 d"),
        Field("primary", "Primary visit", "line", "trial", "1 d", hint="The visit that decides, named beforehand."),
        Field(
            "replicates",
            "Replicates",
            "number",
            "trial",
            "20",
            1.0,
            100.0,
            1.0,
            hint="Virtual trials, each of new people.",
        ),
        Field("seed", "Seed", "number", "trial", "1", 0.0, 1e6, 1.0, hint="The same seed gives the same people."),
    ]


def published() -> Choices:
    """The protocols that ship, by name, with their titles."""
    titles = {path.stem: TITLE.search(path.read_text(encoding="utf-8")) for path in sorted(SHIPPED.glob("*.yaml"))}
    return tuple((name, f"{name}: {title[1]}" if title else name) for name, title in titles.items())


def drug_fields() -> list[Field]:
    """Regimens to compare, a line each."""
    padded = (*FIRST_LINES, *[""] * (DRUG_LINES - len(FIRST_LINES)))
    return [Field(f"line{row}", f"Regimen {row}", "line", "drugs", text) for row, text in enumerate(padded, start=1)]


def library_regimens(model: Model) -> Choices:
    """Ready regimens of the model's library: (regimen, what it is called and its family); none if it has none."""
    rows = model.tables.get("compared_drugs", ())
    return tuple((row["given"], f"{row['drug']} ({row['family']})") for row in rows)
