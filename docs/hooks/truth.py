"""Fills the pages on drugs, interventions, hypotheses and the scoreboard when the docs are built: run, or read as recorded."""

from resprout.app.about import drug_list
from resprout.app.evidence_commands import hypothesis_facts, intervention_facts, reading_words
from resprout.app.fit_command import coverage_words
from resprout.app.validate import say, say_range, shares
from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.drug_comparison import COLUMNS, compare_agents
from resprout.calibrate.hypotheses import score_hypotheses
from resprout.calibrate.interventions import RULES, run_interventions
from resprout.calibrate.scoreboard import recorded_marks, scoreboard_facts
from resprout.language import STAGES, load_model


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


def learned_text(model):
    """What the data have told of each fitted quantity, as recorded when it was fitted."""
    rows = [
        [
            f"`{row['name']}`",
            row["unit"],
            row["prior"],
            row["value"],
            f"{row['lower']} to {row['upper']}",
            f"{max(float(row['contraction']), 0):.0%}",
            row["R_hat"],
            row["ESS"],
            f"`{row['nearest']}` ({float(row['correlation']):+.2f})",
        ]
        for row in data_rows("posterior")
    ]
    columns = ["quantity", "unit", "before", "fitted", "90 %", "told by data", "R-hat", "ESS", "hardest to tell from"]
    return rows_of(columns, rows, columns[2:8])


def left_out_text(model):
    """Published numbers beside predictions that never saw their trial, as recorded."""
    rows = data_rows("left_out_trials")
    if not rows:
        return "*Not recorded for these constants yet: `resprout fit --leave-out --ship` writes it.*"
    counted = [row for row in rows if row["inside"]]
    told = [
        {**row, "inside": row["inside"] == "true", "inside_plain": row["inside_plain"] == "true"} for row in counted
    ]
    words = f"**{coverage_words(told)}** Studies differ by more than the model's people and draws do."
    cells = [
        [
            row["trial"],
            row["evidence"],
            row["arm"],
            row["endpoint"],
            row["statistic"],
            row["published"],
            row["predicted"],
            f"{row['lower']} to {row['upper']}",
            "yes" if row["inside"] == "true" else "no",
        ]
        for row in counted
    ]
    columns = ["trial", "", "arm", "endpoint", "statistic", "published", "predicted", "90 %", "inside"]
    return words + "\n\n" + rows_of(columns, cells, columns[5:7])


def scoreboard_text(model):
    """Totals, then every row by stage, those that the fit has not seen first."""
    marks = recorded_marks()
    facts = scoreboard_facts(marks)
    totals = [
        [name, *shares(part)]
        for part in ("by_group", "by_stage", "by_seed_row", "by_use")
        for name, part in facts[part].items()
    ]
    parts = [rows_of(["", "passed", "of", "share"], [*totals, ["**all**", *shares(facts)]], ["passed", "of", "share"])]
    for number, stage in enumerate(STAGES, 1):
        for used, title in ((False, "not used in the fit"), (True, "used in the fit")):
            chosen = [mark for mark in marks if (mark.stage, mark.used_in_fit) == (number, used)]
            parts += (
                [f"## {number} {stage.capitalize()}, {title}", rows_of(MARK_COLUMNS, map(mark_line, chosen))]
                if chosen
                else []
            )
    return "\n\n".join(parts)


MARK_COLUMNS = ["", "what", "", "observed", "predicted", "range", "seen", "source"]


def mark_line(mark):
    """One row of the scoreboard."""
    numbers = [say(mark.observed), say(mark.predicted), say_range(mark)]
    return [mark.id.split()[0], mark.what, "yes" if mark.passed else "**no**", *numbers, mark.verification, mark.source]


def misses_text(model):
    """Every row that the model misses, and why."""
    missed = [mark for mark in recorded_marks() if not mark.passed]
    rows = [[mark.id.split()[0], mark.what, say(mark.observed), say(mark.predicted), mark.reason] for mark in missed]
    return f"{len(missed)} rows are missed.\n\n" + rows_of(["", "what", "observed", "predicted", "why"], rows)


MARKS = {
    "<!-- scoreboard -->": scoreboard_text,
    "<!-- misses -->": misses_text,
    "<!-- learned -->": learned_text,
    "<!-- left out -->": left_out_text,
    "<!-- drugs -->": drugs_text,
    "<!-- agents -->": agents_text,
    "<!-- interventions -->": interventions_text,
    "<!-- hypotheses -->": hypotheses_text,
}
