"""`resprout patient`: one typical patient, as on the page, followed from dose to score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app import simulate_options as options
from resprout.app.options import (
    AsJson,
    ModelFolder,
    NamedConstants,
    TableFile,
    only_named,
    read_choice,
    read_days,
    read_outputs,
    read_pairs,
    with_population,
)
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_rows
from resprout.app.provenance import provenance
from resprout.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from resprout.app.serve.path_simulation import Trajectory
    from resprout.language import Model

GENOTYPES = {"val/val": "Val/Val", "val/met": "Val/Met", "met/met": "Met/Met"}
ENZYMES = ("normal", "intermediate", "slow")
Uptake = Annotated[float, typer.Option("--glial-uptake", min=0.3, max=1.5, help="Glial glutamate uptake, health = 1.")]
Stress = Annotated[float, typer.Option(min=0.0, max=5.0, help="Chronic stress load, none = 0.")]
Weight = Annotated[float, typer.Option(min=30.0, max=250.0, help="Body weight, kg.")]
Enzyme = Annotated[str, typer.Option("--cyp2b6", help="CYP2B6: normal, intermediate or slow.")]


def patient(  # many arguments: each is an option of the command
    regimen: options.Regimen,
    days: Annotated[float, typer.Option(help="Days of follow-up.")] = 14.0,
    glial_uptake: Uptake = 0.75,
    stress: Stress = 1.6,
    weight: Weight = 70.0,
    genotype: Annotated[str, typer.Option(help="BDNF rs6265: val/val, val/met or met/met.")] = "val/val",
    cyp2b6: Enzyme = "normal",
    block: options.Block = None,
    set_: options.Set = None,
    outputs: options.Outputs = None,
    model: ModelFolder = None,
    population: NamedConstants = None,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Follow one typical patient, whose constants are the shipped ones, as the page does.

    Example: `resprout patient "ketamine 0.5 mg/kg iv over 40 min" --glial-uptake 0.7 --block mTORC1=0.9`
    """
    faults: list[Fault] = check_target("--table", table, TABLE_SUFFIXES)
    gene, enzyme = (
        read_choice("--genotype", genotype, tuple(GENOTYPES), faults),
        read_choice("--cyp2b6", cyp2b6, ENZYMES, faults),
    )
    names = read_outputs(outputs, faults)
    blocks = read_pairs("--block", block or [], "mTORC1=0.9", faults)
    overrides = read_pairs("--set", set_ or [], "PV_weight=1.2", faults)
    length = read_days(days, faults)
    named = only_named(population, faults, "uptake and stress say who the patient is")
    refuse(faults)
    from resprout.app.imported_commands import chain_model

    loaded, own = with_population(chain_model(model), named)
    who: dict[str, Any] = {"glial_uptake": glial_uptake, "stress": stress, "weight_kg": weight}
    who |= {"genotype": GENOTYPES[gene or "val/val"], "CYP2B6": enzyme or "normal"}
    run = followed(loaded, regimen, days=length, blocks=blocks, overrides=overrides, outputs=names, **who)
    changes = {"blocks": blocks, "overrides": overrides}
    told = provenance(loaded, "patient", regimen=run.attrs["regimen"], days=length, **who, **changes, **own)
    if table is not None:
        save_rows(trajectory_rows(run), ["regimen", "output", "unit", "time_h", "value"], table, told)
    show(run, names, loaded, told, [str(table)] if table is not None else [], as_json=as_json)


def followed(  # many arguments: what a patient is, and what is done
    model: Model,
    regimen: str,
    *,
    days: float = 14.0,
    glial_uptake: float = 0.75,
    stress: float = 1.6,
    weight_kg: float = 70.0,
    genotype: str = "Val/Val",
    CYP2B6: str = "normal",
    blocks: Mapping[str, float] | None = None,
    overrides: Mapping[str, float] | None = None,
    outputs: Sequence[str] | None = None,
) -> xr.Dataset:
    """Follow one typical patient with the very steps of the page, so that every digit is the same.

    model         what `rs.load_model` gave        regimen     as the command line takes it
    days          d    of follow-up
    glial_uptake  1    health = 1                  stress      1   none = 0        weight_kg   kg
    genotype      of BDNF rs6265                   CYP2B6      normal, intermediate or slow
    blocks        share by step                    overrides   value by constant
    outputs       None for those that the page draws or speaks of
    returns       outputs [patient, time_h] with their units
    raises        InputError with every fault of the request; SolveError if the patient has no solution
    """
    from resprout.app.serve.path_simulation import pairs, patient_trajectory
    from resprout.people.typical import typical_patient
    from resprout.simulation import simulate
    from resprout.simulation.scenario import block_input, read_scenario
    from resprout.simulation.settings import Output

    blocks, overrides = dict(blocks or {}), dict(overrides or {})
    scenario = read_scenario(model, regimen, days, Output(outputs), blocks, overrides)
    if outputs is not None:
        who: dict[str, Any] = {"glial_uptake": glial_uptake, "stress": stress, "weight_kg": weight_kg}
        cohort = typical_patient(**who, genotype=genotype, CYP2B6=CYP2B6, model=model)
        return simulate(model, cohort, regimen, days=days, outputs=outputs, blocks=blocks, overrides=overrides)
    person = (glial_uptake, stress, weight_kg, genotype, CYP2B6)
    inputs = {block_input(model, name) or name: share for name, share in blocks.items()}
    found = patient_trajectory(model, scenario.regimen, days, pairs(inputs), person, pairs(overrides))
    return as_run(found, model)


def as_run(found: Trajectory, model: Model) -> xr.Dataset:
    """A trajectory of the page as a run of one patient, with units."""
    import xarray as xr

    from resprout.language.drug_instances import with_drugs_named

    named = with_drugs_named(model, list(found.value))
    data = {
        name: (("patient", "time_h"), value[None, :], {"units": named.unit(name)})
        for name, value in found.value.items()
    }
    return xr.Dataset(data, coords={"patient": [0], "time_h": found.time_h}, attrs={"regimen": found.regimen})


def trajectory_rows(run: xr.Dataset) -> list[tuple[str, str, str, float, float]]:
    """Every output at every time, a row each, as the page's CSV has them."""
    from resprout.app.summary_tables import outputs_of

    hours, text = run["time_h"].to_numpy().astype(float), str(run.attrs["regimen"])
    return [
        (text, name, str(run[name].attrs.get("units", "")), float(hour), float(value))
        for name in outputs_of(run)
        for hour, value in zip(hours, run[name].isel(patient=0).to_numpy(), strict=True)
    ]


def sentences_of(run: xr.Dataset, model: Model) -> dict[str, str]:
    """What the page says of such curves, stage by stage."""
    from resprout.app.serve.path_simulation import Trajectory
    from resprout.app.serve.stage_sentences import sentences
    from resprout.app.summary_tables import outputs_of
    from resprout.dosing.regimen import parse_regimen
    from resprout.language.drug_instances import library_drugs

    given = parse_regimen(str(run.attrs["regimen"]), library_drugs(model))
    value = {name: run[name].isel(patient=0).to_numpy().astype(float) for name in outputs_of(run)}
    hours = run["time_h"].to_numpy().astype(float)
    return sentences(Trajectory(hours, value, given.text, given.drugs, given.ketamine, tuple(given.times_h)))


def show(  # many arguments: what was run, what is asked for, and where it went
    run: xr.Dataset,
    names: list[str] | None,
    model: Model,
    told: dict[str, Any],
    files: list[str],
    *,
    as_json: bool,
) -> None:
    """Print the outputs at a few hours, what the page says of them, and the limits that touch them."""
    from resprout.app.caveats import caveat_facts, caveats_for, print_caveats, shown_by_run
    from resprout.app.simulate import SHOWN
    from resprout.app.summary_tables import outputs_of, summary, summary_cells
    from resprout.app.terminal import print_json, print_wrapped, stdout_console, table

    there = outputs_of(run)
    rows = summary(run, names or [name for name in SHOWN if name in there])
    said = {} if names else sentences_of(run, model)
    limits = caveats_for(shown_by_run([row["endpoint"] for row in rows], told["regimen"], 24 * told["days"]))
    if as_json:
        facts = {"regimen": told["regimen"], "rows": rows, "sentences": said}
        print_json({**facts, "caveats": caveat_facts(limits), "provenance": told, "files": files})
        return
    console = stdout_console()
    columns, cells = summary_cells(rows)
    console.print(table(columns, cells, title=f"{told['regimen']}: one typical patient", right=columns[2:]))
    for stage, sentence in said.items():
        print_wrapped(console, sentence, label=f"{stage}: ", indent=2)
    print_caveats(console, limits)
    for path in files:
        console.print(f"wrote {path}")
