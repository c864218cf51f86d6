"""Fills the pages on drugs, interventions and hypotheses when the docs are built: everything is run or read from the model."""

from resprout.app.about import drug_list
from resprout.app.truth import hypothesis_facts, intervention_facts, reading_words
from resprout.calibrate.comparison import COLUMNS, compare_agents
from resprout.calibrate.hypotheses import score_hypotheses
from resprout.calibrate.interventions import RULES, run_interventions
from resprout.language import load_model


def on_page_markdown(markdown, **kwargs):
    """Put what the model says where a page has its mark."""
    for mark, made in MARKS.items():
        if mark in markdown:
            markdown = markdown.replace(mark, made(load_model()))
    return markdown


def rows_of(columns, rows, right=()):
    """A Markdown table."""
    rule = ["--:" if column in right else "---" for column in columns]
    lines = [columns, rule, *([cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def cell(text):
    """Text that cannot break a table."""
    return str(text).replace("|", "\\|").replace("<", "&lt;") or "–"


def drugs_text(model):
    """Every drug in a line."""
    lines = drug_list(model)
    rows = [
        [f"`{line['drug']}`", ", ".join(line["acts_on"]), line["given_to"]]
        + [line[grade] for grade in ("measured", "fitted", "assumed")]
        for line in lines
    ]
    columns = ["drug", "acts on", "can be given to", "measured", "fitted", "assumed"]
    return f"{len(lines)} drugs.\n\n" + rows_of(columns, rows, columns[3:])


def agents_text(model):
    """One dose of each agent in one typical depressed person."""
    rows = [[row.agent, row.family, *(f"{value:.3g}" for value in row.value.values())] for row in compare_agents(model)]
    meanings = "\n".join(f"- `{name}`: {meaning}" for name, meaning in COLUMNS.items())
    return rows_of(["agent", "family", *COLUMNS], rows, list(COLUMNS)) + "\n\n" + meanings


def interventions_text(model):
    """Counts, the reason of every miss, then every row."""
    verdicts = run_interventions(model)
    facts = intervention_facts(verdicts)
    counts = (
        f"**{facts['right']} of {facts['total']} come out; of those read in their source, "
        f"{facts['right_read']} of {facts['total_read']}.**"
    )
    missed = [[v.row["id"], v.row["intervention"], v.row["agent"], v.reason] for v in verdicts if not v.right]
    rows = [
        [
            v.row["id"],
            v.row["intervention"],
            v.row["agent"],
            v.row["expected"],
            v.predicted,
            reading_words(v.worst),
            v.row["verification"],
            v.row["source"],
        ]
        for v in verdicts
    ]
    columns = ["", "intervention", "agent", "observed", "predicted", "found in the model", "seen", "source"]
    rules = rows_of(["word", "means"], list(RULES.items()))
    parts = ["## Misses, and why", rows_of([*columns[:3], "reason"], missed), "## The rules", rules]
    return "\n\n".join([counts, *parts, "## Every row", rows_of(columns, rows)])


def hypotheses_text(model):
    """Which fact each hypothesis explains, and what each claims."""
    scores = score_hypotheses(model)
    facts = hypothesis_facts(scores)
    names = list(facts["hypotheses"])
    rows = [[f["fact"], *("yes" if name in f["explained_by"] else "–" for name in names)] for f in facts["facts"]]
    rows.append(["**facts explained**", *(facts["explained"][name] for name in names)])
    whole = facts["interventions_total"]
    rows.append([f"interventions right, of {whole}", *(facts["interventions_right"][name] for name in names)])
    parts = []
    for score in scores:
        changed = [[f"`{row['constant']}`", row["value"], row["meaning"]] for row in score.hypothesis.rows]
        parts.append(f"**{score.hypothesis.name}.** {score.hypothesis.claim}")
        parts += [rows_of(["constant", "value", "meaning"], changed)] if changed else []
    return "\n\n".join([rows_of(["published fact", *names], rows), *parts])


MARKS = {
    "<!-- drugs -->": drugs_text,
    "<!-- agents -->": agents_text,
    "<!-- interventions -->": interventions_text,
    "<!-- hypotheses -->": hypotheses_text,
}
