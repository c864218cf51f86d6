"""What the columns of a table mean: known names, and a short YAML file where names, units and codes differ."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from resprout.errors import Fault, InputError, nearest
from resprout.language.plain_yaml import YamlDocument, read_yaml_file
from resprout.patients.dataset import Setting

NAMES = {
    "patient": "patient id subject subjid usubjid patient_id subject_id",
    "time": "time time_h:h time_hours:h time_d:d time_days:d time_min:min tafd",
    "date": "date visit_date",
    "clock": "clock clock_time time_of_day",
    "drug": "drug medication",
    "amount": "amount amt dose dose_mg:mg amt_mg:mg dose_mg_per_kg:mg/kg",
    "unit": "unit units",
    "rate": "rate rate_mg_per_h:mg/h",
    "duration": "duration dur duration_min:min duration_h:h",
    "route": "route",
    "cmt": "cmt",
    "evid": "evid",
    "ii": "ii ii_h:h ii_d:d",
    "addl": "addl",
    "ss": "ss",
    "lag": "lag tlag alag alag1 lag_h:h lag_min:min",
    "mdv": "mdv",
    "value": "value dv result",
    "endpoint": "endpoint dvid scale",
    "lloq": "lloq",
    "below": "blq bql",
    "age": "age age_years",
    "sex": "sex",
    "weight": "weight wt weight_kg body_weight",
    "height": "height ht height_cm",
    "BMI": "bmi",
    "ancestry": "ancestry",
    "genotype": "genotype rs6265",
    "CYP2B6": "cyp2b6",
    "comedication": "comedication",
    "resistant": "resistant",
    "arm": "arm group",
}
"""By meaning: names of columns that have it, in any case; behind a colon the unit that the name states."""
COVARIATES = (
    "age",
    "sex",
    "weight",
    "height",
    "BMI",
    "ancestry",
    "genotype",
    "CYP2B6",
    "comedication",
    "resistant",
    "arm",
)
CONTROLS = ("open_label", "saline", "spray", "midazolam", "psychoactive", "sham", "anaesthesia", "inactive_pill")


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class SettingFields(BaseModel):
    """How people were treated, as the file states it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    control: Literal[CONTROLS] = "open_label"  # type: ignore[valid-type]
    sites: Annotated[int, Field(ge=1, le=1000)] = 1
    population: Literal["mdd", "bipolar", "healthy"] = "mdd"
    entry: Annotated[float, Field(ge=0, le=52)] | None = None
    level_cv: Annotated[float, Field(gt=0, le=1)] = 0.15


class DataMapping(BaseModel):
    """The fields of a mapping file.

    columns    by meaning: the name of the column in the table      units      by meaning or endpoint: unit
    drug       the drug where no column names it                    route      the route, or by number of CMT
    endpoint   the endpoint where no column names it, or by DVID    values     by covariate: by code, what it means
    setting    how people were treated                              decimal    mark of decimals
    date_format  of the column `date`, as in `%d.%m.%Y`             ignore     columns that are left out on purpose
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, Text] = Field(default_factory=dict)
    units: dict[str, Text] = Field(default_factory=dict)
    drug: Text | dict[Text, Text] | None = None
    route: Text | dict[Text, Text] | None = None
    endpoint: Text | dict[Text, Text] | None = None
    values: dict[str, dict[str, Text]] = Field(default_factory=dict)
    setting: SettingFields = SettingFields()
    decimal: Literal[".", ","] = "."
    date_format: Text | None = None
    ignore: tuple[Text, ...] = ()

    def used_setting(self) -> Setting:
        """How people were treated, as a record."""
        return Setting(**self.setting.model_dump())


@dataclass(frozen=True)
class Columns:
    """Which column of a file has which meaning.

    place     by meaning: position in the row, from 0
    name      by meaning: as the file spells it
    unit      by meaning: unit that the name states, if it states one
    unknown   names of columns without a known meaning
    """

    place: dict[str, int]
    name: dict[str, str]
    unit: dict[str, str]
    unknown: tuple[str, ...]


def read_mapping(path: Path | None) -> DataMapping:
    """Read a mapping file; without one, only known names of columns are understood.

    raises    InputError with every fault of the file
    """
    if path is None:
        return DataMapping()
    return mapping_of(read_yaml_file(path), path.name)


def mapping_of(document: YamlDocument, name: str) -> DataMapping:
    """The mapping that a YAML document holds.

    document  as it was read        name   of its file, for messages
    raises    InputError with every fault
    """
    faults = list(document.faults)
    value = {} if document.value in (None, "") else document.value
    if not isinstance(value, dict):
        raise InputError(Fault("holds no fields.", name, "Expected for instance `units: {time: h}`."))
    for meaning in value.get("columns", {}) if isinstance(value.get("columns"), dict) else ():
        if meaning not in NAMES:
            where = f"{name}:{document.lines.get(('columns', meaning), 1)}"
            faults.append(Fault(f"`{meaning}` is no meaning of a column.", where, "", nearest(str(meaning), NAMES)))
    try:
        read = DataMapping(**value)
    except (ValidationError, TypeError) as error:
        found = error.errors() if isinstance(error, ValidationError) else [{"loc": (), "msg": str(error)}]
        faults += [_field_fault(name, document.lines, each) for each in found]
        raise InputError(*faults) from None
    if faults:
        raise InputError(*faults)
    return read


def _field_fault(file: str, lines: dict[Any, int], error: Any) -> Fault:
    """One complaint about a field, with the line at which the field stands."""
    path = tuple(part for part in error["loc"] if not str(part).startswith(("function", "dict[", "str")))
    line = next((lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in lines), 1)
    name = ".".join(map(str, path)) or "the file"
    if error.get("type") == "extra_forbidden":
        known = SettingFields.model_fields if path[0] == "setting" else DataMapping.model_fields
        return Fault(f"`{name}` is no field here.", f"{file}:{line}", "", nearest(str(path[-1]), known))
    return Fault(f"`{name}` is not what it should be.", f"{file}:{line}", f"{error['msg']}.")


def columns_of(header: Sequence[str], mapping: DataMapping, file: str, faults: list[Fault]) -> Columns:
    """Find out what each column of a file means.

    header    names in the first line        file     its name, for messages
    faults    what is wrong with the header is added here
    """
    by_name = {theirs.lower(): meaning for meaning, theirs in mapping.columns.items()}
    alias = {}
    for meaning, names in NAMES.items():
        for word in names.split():
            name, _, unit = word.partition(":")
            alias[name] = (meaning, unit)
    place: dict[str, int] = {}
    units: dict[str, str] = {}
    unknown = []
    for number, spelt in enumerate(header):
        name = spelt.strip().lower()
        mapped = by_name.get(name)
        meaning, unit = (mapped, "") if mapped else alias.get(name, ("", ""))
        if meaning in mapping.columns and not mapped:
            meaning = ""  # the file says that another column has this meaning
        if not meaning or spelt.strip() in mapping.ignore:
            unknown.append(spelt.strip())
        elif meaning in place:
            found = f"`{header[place[meaning]]}` and `{spelt}` both mean {meaning}."
            remedy = "Name one under `ignore` of the mapping."
            faults.append(Fault(found, f"{file}:1", "Expected one column.", remedy, spelt))
        else:
            place[meaning] = number
            if unit:
                units[meaning] = unit
    return Columns(place, {meaning: header[at] for meaning, at in place.items()}, units, tuple(unknown))


def nearest_meaning(name: str, columns: Columns) -> str:
    """Which meaning a column without a known one may have by its name, for a note.

    name     of the column          columns   those with a meaning
    returns  the end of a sentence, or nothing
    """
    alias = {word.partition(":")[0]: meaning for meaning, names in NAMES.items() for word in names.split()}
    near = difflib.get_close_matches(name.lower(), alias, n=1, cutoff=0.75) if len(name) > 2 else []
    return f"; did you mean `{near[0]}`?" if near and alias[near[0]] not in columns.place else ""


def missing_columns(
    columns: Columns, mapping: DataMapping, header: Sequence[str], file: str, named: frozenset[str]
) -> list[Fault]:
    """Faults of a header: columns that the mapping names and no file has, and those without which nothing can be read.

    columns   of the file             mapping   what columns mean
    header    of the file             file      its name, for messages
    named     columns of all files, in lower case
    """
    there = named | {name.strip().lower() for name in header}
    faults = [
        Fault(f"there is no column `{theirs}`.", f"{file}:1", f"The mapping says it is {meaning}.", _listed(header))
        for meaning, theirs in mapping.columns.items()
        if theirs.lower() not in there and meaning in ("patient", "time", "value", "amount")
    ]
    place = columns.place
    wants = [("patient", "patient" in place), ("time` or `date", "time" in place or "date" in place)]
    wants.append(("amount` or `value", "amount" in place or "value" in place))
    rated, dosed = "endpoint" in place, any(name in place for name in ("drug", "route", "rate", "duration"))
    wants.append(("value", "value" in place or not rated or "amount" not in place))
    wants.append(("amount", "amount" in place or not dosed or "value" not in place))
    for name, found in wants:
        if not found:
            remedy = "Name the column under `columns:` of a mapping file. " + _listed(header)
            faults.append(Fault(f"no column means `{name}`.", f"{file}:1", "", remedy))
    return faults


def _listed(header: Sequence[str]) -> str:
    """The names of a header, as far as a message holds them."""
    shown = ", ".join(name.strip() for name in header[:12])
    return f"The columns are: {shown}{', ...' if len(header) > 12 else ''}."
