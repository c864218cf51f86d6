"""What a protocol can say: records of a trial's design, checked field by field, and their JSON schema for editors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from resprout.dosing.regimen import parse_duration
from resprout.errors import InputError
from resprout.language.bounds import AGE, ARM_SIZE, REPLICATES, SCHEDULE_H, SEED
from resprout.language.notebook_view import fact_sheet, few
from resprout.people.covariates import genotype_named
from resprout.trial.treatment_rules import MOST_RULES

LARGE_TRIAL = 200  # people; a few replicates tell as much as many of a small one
ANALYSES = ("rm_anova", "ancova", "mmrm", "responder", "relapse", "genotype")


def _hours(value: Any) -> float:
    """Read `80 min` or `7 d`; hours."""
    hours = parse_duration(str(value))
    if hours is None or not SCHEDULE_H.allows(hours):
        expected = f"Expected a number and a unit, for instance `80 min` or `7 d`, {SCHEDULE_H.in_words}"
        raise ValueError(f"`{value!s:.60}` is no time. {expected}")
    return hours


def _genotype(value: str) -> str:
    try:
        return genotype_named(value)
    except InputError as error:
        raise ValueError(str(error)) from None


TIME_SCHEMA = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*\w+\s*$", "examples": ["80 min", "24 h", "7 d"]}
Hours = Annotated[float, BeforeValidator(_hours), WithJsonSchema(TIME_SCHEMA)]
Genotype = Annotated[str, AfterValidator(_genotype)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(max_length=2000)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Switch = Annotated[bool, Field(strict=True)]
Share = Annotated[Number, Field(ge=0, le=1)]
Points = Annotated[Number, Field(ge=0, le=1000)]
Age = Annotated[Number, Field(ge=AGE.lowest, le=AGE.highest)]
Whole = Annotated[int, Field(strict=True)]
Control = Literal[
    "saline",
    "spray",
    "midazolam",
    "psychoactive",
    "sham",
    "anaesthesia",
    "inactive_pill",
    "open_label",
    "wait_list",
    "standard_of_care",
    "add_on",
]
Size = Annotated[Whole, Field(ge=ARM_SIZE.lowest, le=ARM_SIZE.highest)]


class Part(BaseModel):
    """A part of a protocol: unknown fields are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EntryCriteria(Part):
    """Who may enter: points by scale at screening (minimum, maximum; of `MADRS_suicidality` for people in a suicidal
    crisis), ages in years, genotypes, whether an antidepressant must have failed before (`resistant`; such people are under
    a larger stress load), first and last body weight in kg and body mass index (BMI), ancestry by share or as a list;
    `screening` is how long before the first dose people are rated, and `confirmed` asks for the minimum score again at
    baseline."""

    minimum: dict[Name, Points] = Field(default_factory=dict, max_length=20)
    maximum: dict[Name, Points] = Field(default_factory=dict, max_length=20)
    age: tuple[Age, Age] = (18.0, 75.0)
    genotype: Annotated[tuple[Genotype, ...], Field(max_length=10)] = ()
    resistant: Switch = False
    weight: tuple[Number, Number] | None = None
    BMI: tuple[Number, Number] | None = None
    ancestry: dict[Name, Share] | Annotated[tuple[Name, ...], Field(max_length=10)] = ()
    screening: Hours = 168.0
    confirmed: Switch = False


class Adjustment(Part):
    """A change of treatment by response: who at the visit `at` has fallen by at least `fall` of the first rating on the
    scale of the trial and has at most `at_most` and at least `at_least` points, where stated (`met: false`: who has not), gets `regimen` from then
    on, in place of what was still to come; of several regimens one each, at random with equal shares."""

    at: Hours
    endpoint: Name
    fall: Share | None = None
    at_most: Points | None = None
    at_least: Points | None = None
    met: Switch = True
    regimen: Annotated[str, Field(max_length=500)] | Annotated[tuple[Name, ...], Field(min_length=2, max_length=10)]

    @property
    def regimens(self) -> tuple[str, ...]:
        """The regimens among which people are allocated."""
        return (self.regimen,) if isinstance(self.regimen, str) else self.regimen


Adjustments = Annotated[tuple[Adjustment, ...], Field(max_length=50)]


class Arm(Part):
    """What is given: `size` people in parallel groups; `first` people start with it in a crossover; `adjust` changes it by
    response, or `rules` do, with `steps` as multiples of the first dose for `dose up` and `dose down`."""

    name: Name
    regimen: Annotated[str, Field(max_length=500)]
    size: Size | None = None
    first: Annotated[Whole, Field(ge=0, le=ARM_SIZE.highest)] | None = None
    control: Switch = False
    adjust: Adjustments = ()
    rules: Annotated[tuple[Name, ...], Field(max_length=MOST_RULES)] = ()
    steps: Annotated[tuple[Annotated[Number, Field(gt=0, le=100)], ...], Field(max_length=20)] = ()


class Endpoint(Part):
    """What is rated, and when (time since the first dose of the period; the first visit is the baseline)."""

    name: Name
    visits: tuple[Hours, ...] = Field(min_length=2, max_length=500)


class Dropout(Part):
    """Share of people who leave each week: whatever happens, if the last rating has not moved from baseline (in
    proportion to it), and if the state that nobody has rated yet has not moved; and the share of visits missed. It holds
    after allocation; `in_phases: true` makes it hold in every phase that states none of its own as well."""

    completely_at_random: Share = 0.0
    at_random: Share = 0.0
    informative: Share = 0.0
    missed_visits: Share = 0.0
    in_phases: Switch = False

    @property
    def by_symptoms(self) -> bool:
        """Whether people leave by how ill they are."""
        return self.at_random > 0 or self.informative > 0

    @property
    def leaves(self) -> bool:
        """Whether people leave."""
        return self.by_symptoms or self.completely_at_random > 0


class Rescue(Part):
    """Who gets rescue treatment: at the first visit from `after` on where the primary scale has not fallen by
    `unless_fall` of baseline; ratings after that are not used."""

    after: Hours
    unless_fall: Share = 0.25


class Setting(Part):
    """Where and how the control is given: `procedure` of the control, which for inactive saline sets the belief of being
    treated (derived from the route of the drug where it is not stated), whether people are in `hospital` in a crisis, under a
    larger stress load and with standard of care, number of `sites` (without it one, or one for six people in trials of 60 people or more), and whether
    the `background` is a new treatment or a failing one that goes on, of which nobody expects anything."""

    procedure: Literal["infusion", "injection", "spray", "inhalation", "tablet", "sham", "anaesthesia"] | None = None
    hospital: Switch = False
    sites: Annotated[Whole, Field(ge=1, le=1000)] | None = None
    background: Literal["new", "failing"] = "new"


class Relapse(Part):
    """Relapse among those who have responded at `start`, after `phases` among all who are allocated: at `in_a_row`
    visits one after the other the fall is less than `kept` of baseline or, on the scales of `at_least`, the score is at
    least so many points."""

    start: Hours
    response: Share = 0.5
    kept: Share = 0.25
    at_least: dict[Name, Points] = Field(default_factory=dict, max_length=20)
    in_a_row: Annotated[Whole, Field(ge=1, le=10)] = 1


class Criterion(Part):
    """Who goes on: at `visits` or more of the visits `at` (all of them if not stated) the fall is at least `fall` of the
    rating before the first phase and the score at most `at_most` and at least `at_least` points, where stated; `met: false`
    asks for the contrary."""

    endpoint: Name
    at: tuple[Hours, ...] = Field(min_length=1, max_length=100)
    fall: Share | None = None
    at_most: Points | None = None
    at_least: Points | None = None
    visits: Annotated[Whole, Field(ge=1, le=100)] | None = None
    met: Switch = True


class Phase(Part):
    """A phase before allocation to the arms: everybody gets `regimen` for `length`, with the expectation of its own
    `control` and `blinding`, changed by `adjust`; those who meet every criterion of `go_on` and have not left by `dropout` go
    on. `visits` are counted from its start."""

    name: Name
    regimen: Annotated[str, Field(max_length=500)]
    length: Hours
    control: Control = "open_label"
    blinding: Literal["natural", "maintained"] = "natural"
    visits: tuple[Hours, ...] = Field(default=(), max_length=500)
    go_on: tuple[Criterion, ...] = Field(default=(), max_length=10)
    dropout: Dropout | None = None
    adjust: Adjustments = ()


class Primary(Part):
    """The endpoint and visit that decide the trial."""

    endpoint: Name
    time: Hours


class Published(Part):
    """A published number of this trial, to stand beside its prediction.

    `bound` is for numbers that are only limits: `upper` means at most `value`, `lower` at least. `people` is for numbers
    of fewer people than the arm has, such as those of one site; `studies` is for numbers that are pooled over so many.
    """

    evidence: Name
    arm: Annotated[str, Field(max_length=200)] = ""
    endpoint: Name
    statistic: Name
    time: Hours | None = None
    value: Number
    bound: Literal["", "upper", "lower"] = ""
    people: Annotated[Whole, Field(ge=2, le=ARM_SIZE.highest)] | None = None
    studies: Annotated[Whole, Field(ge=1, le=10_000)] = 1
    verification: Literal["read", "secondary", "digitised", "recall"]
    note: Note = ""


class Protocol(Part):
    """A trial design as its file states it.

    `year` is that of first publication; `used_for` says whether a fit may look at its published numbers; `remission` gives
    cut-offs by scale, in points, in place of the model's, and `response` in place of a fall by half; who is above a cut-off of
    `events` at any visit counts; `phases` come before the arms, one after the other, and the times of arms and endpoints count
    from their end.
    """

    name: Name
    title: Name
    source: Note = ""
    year: Annotated[Whole, Field(ge=1900, le=2100)] | None = None
    used_for: Literal["calibration", "prediction"] = "prediction"
    design: Literal["crossover", "parallel"]
    control: Control
    setting: Setting = Setting()
    blinding: Literal["natural", "maintained"] = "natural"
    washout: Hours | None = None
    population: Literal["mdd", "healthy"] = "mdd"
    diagnosis: Literal["mdd", "bipolar"] = "mdd"
    background: Annotated[str, Field(max_length=500)] = ""
    entry: EntryCriteria = EntryCriteria()
    phases: tuple[Phase, ...] = Field(default=(), max_length=5)
    arms: tuple[Arm, ...] = Field(min_length=1, max_length=20)
    endpoints: tuple[Endpoint, ...] = Field(min_length=1, max_length=50)
    primary: Primary | None = None
    analysis: Annotated[
        tuple[Literal["rm_anova", "ancova", "mmrm", "responder", "relapse", "genotype"], ...], Field(max_length=20)
    ] = ()
    dropout: Dropout = Dropout()
    rescue: Rescue | None = None
    remission: dict[Name, Points] = Field(default_factory=dict, max_length=20)
    response: dict[Name, Points] = Field(default_factory=dict, max_length=20)
    events: dict[Name, Points] = Field(default_factory=dict, max_length=20)
    relapse: Relapse | None = None
    published: Annotated[tuple[Published, ...], Field(max_length=500)] = ()
    replicates: Annotated[Whole, Field(ge=REPLICATES.lowest, le=REPLICATES.highest)] = 200
    seed: Annotated[Whole, Field(ge=SEED.lowest, le=SEED.highest)] = 1
    assumed: Annotated[tuple[Note, ...], Field(max_length=200)] = ()

    def _repr_html_(self) -> str:
        """What a notebook shows: title, design, arms and endpoints."""
        return fact_sheet(
            self.title, {name: getattr(self, name) for name in ("name", "source", "year", "design")} | self.told
        )

    @property
    def told(self) -> dict[str, str]:
        """Arms and endpoints in a few words."""
        arms = (f"{arm.name} ({arm.size or arm.first})" for arm in self.arms)
        return {"arms": few(arms), "endpoints": few(each.name for each in self.endpoints)}

    @property
    def people(self) -> int:
        """People in one trial."""
        return sum((arm.first if self.design == "crossover" else arm.size) or 0 for arm in self.arms)

    @property
    def last_visit(self) -> float:
        """Hour of the last visit of a period."""
        return max(max(endpoint.visits) for endpoint in self.endpoints)

    @property
    def parts(self) -> tuple[Phase | Arm, ...]:
        """Everything that gives a regimen: the phases and the arms."""
        return (*self.phases, *self.arms)

    @property
    def placed_parts(self) -> list[tuple[str, int, Phase | Arm]]:
        """The same, each with its field and its position there."""
        before = len(self.phases)
        return [
            ("phases", number, part) if number < before else ("arms", number - before, part)
            for number, part in enumerate(self.parts)
        ]

    @property
    def lead_in(self) -> float:
        """Hours of all phases before the arms."""
        return float(sum(phase.length for phase in self.phases))

    def dropout_in(self, phase: Phase) -> Dropout:
        """Who leaves in a phase: as it states, else as the trial does where that holds in phases, else nobody."""
        if phase.dropout is not None:
            return phase.dropout
        return self.dropout if self.dropout.in_phases else Dropout()

    @property
    def selects(self) -> bool:
        """Whether somebody who begins the phases may not be allocated."""
        return any(phase.go_on or self.dropout_in(phase).leaves for phase in self.phases)

    def visits_of(self, endpoint: str) -> tuple[float, ...]:
        """Hours of the visits of an endpoint, the baseline first."""
        return next(each.visits for each in self.endpoints if each.name == endpoint)

    @property
    def control_arm(self) -> str | None:
        """Name of the control arm, if there is one."""
        return next((arm.name for arm in self.arms if arm.control), None)

    @property
    def who(self) -> str:
        """The population to recruit from."""
        return "bipolar" if self.diagnosis == "bipolar" and self.population == "mdd" else self.population
