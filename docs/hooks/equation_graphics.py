"""Two things drawn from the model text when the docs are built: its equations as mathematics, and a picture of the path."""

from html import escape

import libsbml

from resprout.figures.palette import STAGE_COLOUR
from resprout.language import STAGES

LINE, COLUMN, TOP = 24, 250, 46
LETTER = 6.3  # width of one in the picture
SAME_FOR_R = "R_"  # the other enantiomer takes the same road


def equation_text(row):
    """One equation as MathML, which browsers draw themselves."""
    left = symbol(row["name"])
    if row["kind"] == "state":
        left = f"<mfrac><mrow><mi>d</mi>{left}</mrow><mrow><mi>d</mi><mi>t</mi></mrow></mfrac>"
    tree = libsbml.parseL3Formula(row["equation"].partition("=")[2])
    return f'<math displaystyle="true" class="equation"><mrow>{left}<mo>=</mo>{drawn(tree)}</mrow></math>'


def symbol(name):
    """A name of the model, upright."""
    return f'<mi mathvariant="normal">{escape(name)}</mi>'


def drawn(tree, within=0):
    """A formula as presentation MathML; `within` is how tightly the operation around it binds."""
    kind = tree.getType()
    inner = [tree.getChild(index) for index in range(tree.getNumChildren())]
    if tree.isNumber():
        return f"<mn>{tree.getValue():g}</mn>"
    if kind == libsbml.AST_NAME:
        return symbol(tree.getName())
    if kind == libsbml.AST_PLUS:
        return bracketed("<mo>+</mo>".join(drawn(part, 1) for part in inner), within > 1)
    if kind == libsbml.AST_MINUS and len(inner) == 1:
        return bracketed(f"<mo>&#8722;</mo>{drawn(inner[0], 2)}", within > 1)
    if kind == libsbml.AST_MINUS:
        return bracketed(f"{drawn(inner[0], 1)}<mo>&#8722;</mo>{drawn(inner[1], 2)}", within > 1)
    if kind == libsbml.AST_TIMES:
        return bracketed("<mo>&#183;</mo>".join(drawn(part, 2) for part in inner), within > 2)
    if kind == libsbml.AST_DIVIDE:
        return f"<mfrac><mrow>{drawn(inner[0])}</mrow><mrow>{drawn(inner[1])}</mrow></mfrac>"
    if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
        return f"<msup><mrow>{drawn(inner[0], 3)}</mrow><mrow>{drawn(inner[1])}</mrow></msup>"
    if kind == libsbml.AST_FUNCTION_ROOT:
        return f"<msqrt>{drawn(inner[-1])}</msqrt>"
    arguments = "<mo>,</mo>".join(drawn(part) for part in inner)
    named = {libsbml.AST_FUNCTION_EXP: "exp", libsbml.AST_FUNCTION_LN: "ln"}.get(kind) or tree.getName()
    return f"<mrow>{symbol(named)}<mo>(</mo>{arguments}<mo>)</mo></mrow>"


def bracketed(text, needed):
    """A group, in brackets if what is around it would tear it apart."""
    return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>" if needed else f"<mrow>{text}</mrow>"


def shown_states(model):
    """States of the picture: one enantiomer for both."""
    return [state for state in model.states if not state.name.startswith(SAME_FOR_R)]


def reached_states(model, equation):
    """States that an equation reads, itself or through assigned quantities."""
    states, found, waiting, seen = {state.name for state in model.states}, set(), list(equation.reads), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in states:
            found.add(name)
        elif name in model.equations:
            waiting += model.equations[name].reads
    return found


def path_picture(model):
    """Every state in the column of its stage, and a line from each to the states of later or earlier stages that it moves."""
    states = shown_states(model)
    rows = {number: [s for s in states if s.stage == number] for number in range(1, len(STAGES) + 1)}
    place = {
        state.name: (COLUMN * (number - 1) + 10, TOP + LINE * row)
        for number, column in rows.items()
        for row, state in enumerate(column)
    }
    width, height = COLUMN * len(STAGES), TOP + LINE * max(len(column) for column in rows.values())
    stage = {state.name: state.stage for state in states}
    lines = [
        curve(source, place[source], place[state.name], STAGE_COLOUR[STAGES[stage[source] - 1]])
        for state in states
        for source in sorted(reached_states(model, state) & set(stage))
        if stage[source] != state.stage
    ]
    labels = [
        f'<text x="{x}" y="{y}" font-size="12" class="label"><title>{escape(model.equations[name].meaning)}</title>'
        f"{escape(name)}</text>"
        for name, (x, y) in place.items()
    ]
    heads = [
        f'<text x="{COLUMN * number + 10}" y="20" font-size="14" font-weight="bold" fill="{STAGE_COLOUR[name]}">'
        f"{number + 1} {name}</text>"
        for number, name in enumerate(STAGES)
    ]
    what = "States of the model by stage, with a line wherever a state of one stage moves a state of another"
    return (
        f'<div class="path-picture"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{what}">'
        + "".join([*lines, *heads, *labels])
        + "</svg></div>"
    )


def curve(source, start, end, colour):
    """A line from a state to one that it moves; backwards ones bow below."""
    (x0, y0), (x1, y1) = (start[0] + LETTER * len(source) + 4, start[1] - 4), (end[0] - 6, end[1] - 4)
    pull = max(abs(x1 - x0) / 2, 40)
    return (
        f'<path d="M{x0} {y0} C{x0 + pull} {y0} {x1 - pull} {y1} {x1} {y1}" fill="none" stroke="{colour}" '
        'stroke-opacity="0.45" stroke-width="1.2"/>'
    )
