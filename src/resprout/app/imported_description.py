"""`resprout describe --model FILE`: what an imported model holds, or one quantity with its equation, what it reads and what reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resprout.errors import Fault, InputError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.language.records import ImportedModel


def equation_rows(model: ImportedModel) -> list[list[str]]:
    """Kind, name, equation or value, and unit of every state, assigned quantity and constant."""
    from resprout.app.terminal import number

    rows = [["state", each.name, f"d/dt = {each.text}", each.unit] for each in model.states if each.name != model.clock]
    rows += [["assigned", each.name, f"= {each.text}", each.unit] for each in model.assigned]
    for each in model.constants.values():
        value = "computed at the beginning" if each.value != each.value else number(each.value, 6)
        rows.append(["constant", each.name, value, each.unit])
    return rows


def describe_file(model: ImportedModel, name: str, as_json: bool) -> None:
    """Show a model from a file, or one quantity of it.

    name     of a quantity; empty for the whole model
    raises   InputError for a name that is not in the model
    """
    from resprout.app.imported_commands import show_file
    from resprout.app.terminal import print_json, stdout_console

    if not name:
        show_file(model, as_json)
        return
    facts = about_imported_quantity(model, name)
    if as_json:
        print_json(facts)
    else:
        show_imported_quantity(stdout_console(), facts)


def about_imported_quantity(model: ImportedModel, name: str) -> dict[str, Any]:
    """What a file says of one quantity, as plain data.

    raises   InputError for a name that is not in the model
    """
    known = [*model.constants, *(each for each in model.equations if each != model.clock)]
    if name not in known:
        remedy = nearest(name, known, f"resprout describe --model {model.file}")
        raise InputError(Fault(f"`{name}` is nothing in this model.", "", "Expected a quantity of the file.", remedy))
    readers = [each for each, equation in model.equations.items() if name in equation.reads]
    facts: dict[str, Any] = {"name": name, "model": model.name, "file": model.file}
    if name in model.constants:
        constant = model.constants[name]
        value = None if constant.value != constant.value else constant.value
        facts |= {"is": "constant", "value": value, "unit": constant.unit, "meaning": constant.meaning}
        line = constant.line
    else:
        equation = model.equations[name]
        state = equation.kind == "state"
        line = equation.line
        facts |= {"is": equation.kind, "unit": equation.unit, "meaning": equation.meaning}
        facts |= {"equation": f"d{name}/dt = {equation.text}" if state else f"{name} = {equation.text}"}
        facts["reads"] = ["time" if each == model.clock else each for each in equation.reads]
    target = model.dose_targets.get(name)
    # a file in Antimony has lines of its own, which the equations do not tell
    written = line > 0 and model.file.lower().endswith((".xml", ".sbml"))
    facts |= {"where": f"{model.file}:{line}" if written else model.file, "read_by": readers}
    return {**facts, "takes_doses": target is not None, "events": model.event_count}


def show_imported_quantity(console: Console, facts: dict[str, Any]) -> None:
    """Print one quantity, one fact a line."""
    from rich.text import Text

    from resprout.app.terminal import number, print_wrapped

    print_wrapped(console, facts["meaning"], label=Text(f"{facts['name']}  ", style="bold"), indent=2)
    lines = [("is a", facts["is"])]
    if facts["is"] == "constant":
        lines.append(("value", "computed at the beginning" if facts["value"] is None else number(facts["value"], 6)))
    else:
        lines += [("equation", facts["equation"]), ("reads", ", ".join(facts["reads"]) or "nothing")]
    lines += [("unit", facts["unit"] or "none declared"), ("stands in", facts["where"])]
    lines.append(("read by", ", ".join(facts["read_by"]) or "no equation"))
    if facts["takes_doses"]:
        lines.append(("doses", f'can be given into it: `--dose "{facts["name"]}: 5"`'))
    for label, value in lines:
        print_wrapped(console, str(value), label=Text(f"  {label:<12}", style="dim"), indent=14)
    if facts["events"]:
        print_wrapped(console, "Events of the model may change quantities too; they are not listed here.")
