"""Fills the pages on drugs, interventions, hypotheses and the scoreboard when the docs are built, by simulation or from records."""

from resprout.app.evidence_commands import (
    format_reading,
    hypothesis_facts,
    intervention_facts,
    recorded_refits,
    refit_cells,
    refit_sentence,
)
from resprout.app.fit_command import coverage_sentence
from resprout.app.model_facts import GRADES, drug_list
from resprout.app.scoreboard_tables import (
    COVERED,
    COVERED_SAID,
    PASSES,
    SKILL_SAID,
    SKILLS,
    coverage_rows,
    format_range,
    pass_rows,
    say,
    scored_parts,
    signed,
    skill_cells,
)
from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.drug_comparison import COLUMNS, compare_drugs
from resprout.calibrate.hypotheses import score_hypotheses
from resprout.calibrate.intervention_entries import SHARES
from resprout.calibrate.interventions import RULES, run_interventions
from resprout.calibrate.scoreboard_entry import recorded_entries
from resprout.calibrate.scoreboard_totals import scoreboard_facts
from resprout.calibrate.unfitted_constants import recorded_influences, together
from resprout.language import STAGES, load_model


def on_page_markdown(markdown, **kwargs):
    """Replace each placeholder of a page by its table."""
    for placeholder, made in PLACEHOLDERS.items():
        if placeholder in markdown:
            markdown = markdown.replace(placeholder, made(load_model()))
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
    """One line per drug."""
    lines = drug_list(model)
    rows = [
        [f"`{line['drug']}`", ", ".join(line["acts_on"]), line["given_to"]] + [line[grade] for grade in GRADES]
        for line in lines
    ]
    columns = ["drug", "acts on", "can be given to", *GRADES]
    return f"{len(lines)} drugs.\n\n" + rows_of(columns, rows, columns[3:])


def drug_comparison_text(model):
    """One dose of each drug in the typical depressed patient."""
    rows = [[row.drug, row.family, *(f"{value:.3g}" for value in row.value.values())] for row in compare_drugs(model)]
    meanings = "\n".join(f"- `{name}`: {meaning}" for name, meaning in COLUMNS.items())
    return rows_of(["drug", "family", *COLUMNS], rows, list(COLUMNS)) + "\n\n" + meanings


def interventions_text(model):
    """Counts, the rows that are not reproduced with their reasons, then all rows."""
    results = run_interventions(model)
    facts = intervention_facts(results)
    counts = (
        f"**{facts['agree']} of {facts['total']} are reproduced; of those read in their source, "
        f"{facts['agree_read']} of {facts['total_read']}.**"
    )
    not_passed = [[v.row["id"], v.row["intervention"], v.row["drug"], v.reason] for v in results if not v.agrees]
    rows = [
        [
            v.row["id"],
            v.row["intervention"],
            v.row["drug"],
            v.row["expected"],
            v.predicted,
            format_reading(v.worst),
            v.row["verification"],
            v.row["source"],
        ]
        for v in results
    ]
    columns = ["", "intervention", "drug", "observed", "predicted", "effect in the model", "verification", "source"]
    rules = rows_of(["category", "criterion"], list(RULES.items()))
    parts = ["## Rows that are not reproduced", rows_of([*columns[:3], "reason"], not_passed), "## Categories", rules]
    return "\n\n".join([counts, *parts, "## All rows", rows_of(columns, rows)])


def hypotheses_text(model):
    """Which published result each hypothesis reproduces, and its claim."""
    scores = score_hypotheses(model)
    facts = hypothesis_facts(scores)
    names = list(facts["hypotheses"])
    rows = [[f["fact"], *("yes" if name in f["explained_by"] else "–" for name in names)] for f in facts["facts"]]
    rows.append(["**results reproduced**", *(facts["explained"][name] for name in names)])
    whole = facts["interventions_total"]
    rows.append([f"interventions reproduced, of {whole}", *(facts["interventions_agree"][name] for name in names)])
    parts = []
    for score in scores:
        changed = [[f"`{row['constant']}`", row["value"], row["meaning"]] for row in score.hypothesis.rows]
        parts.append(f"**{score.hypothesis.name}.** {score.hypothesis.claim}")
        parts += [rows_of(["constant", "value", "meaning"], changed)] if changed else []
    return "\n\n".join([rows_of(["published result", *names], rows), *parts])


def refitted_text(_model):
    """Hypotheses refitted, on trials left out, as last written down."""
    rows = recorded_refits()
    columns, cells = refit_cells(rows)
    return rows_of(columns, cells, columns[1:]) + f"\n\n{refit_sentence(rows)}" if rows else "Not written down yet."


def learned_text(model):
    """The posterior of each fitted quantity, as recorded when it was fitted."""
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
            *([f"{float(row['second_seed']):+.1f}", row["rank_p"]] if row["rank_p"] else ["", ""]),
        ]
        for row in data_rows("posterior")
    ]
    columns = [
        "quantity",
        "unit",
        "prior",
        "mode",
        "90 % interval",
        "contraction",
        "R-hat",
        "ESS",
        "most correlated with",
        "second seed",
        "SBC p",
    ]
    return rows_of(columns, rows, [*columns[2:8], *columns[9:]])


LEAST_SHARE = 0.2
"""Of the standard deviation of a prediction, from which on a constant is listed."""


def unfitted_text(_model):
    """What constants outside the fit do to the main predictions, as last written down."""
    found = recorded_influences()
    listed = [
        [
            f"`{each.name}`",
            each.grade,
            each.range,
            each.prediction,
            f"{each.change:g}",
            f"{each.uncertainty:g}",
            f"{each.share:.2f}",
        ]
        for each in found
        if each.share >= LEAST_SHARE
    ]
    columns = ["constant", "grade", "range", "prediction", "change", "SD over draws", "ratio"]
    predictions = [[prediction, f"{share:.2f}"] for prediction, share in together(found).items()]
    table = rows_of(["prediction", "all constants together, relative to the SD over draws"], predictions)
    return rows_of(columns, listed, columns[4:]) + "\n\n" + table


def combinations_text(model):
    """Combinations of quantities that are known better than each of them, as recorded when they were fitted."""
    rows = [[f"`{row['combination']}`", row["variance"]] for row in data_rows("combinations")]
    return rows_of(["combination, each in posterior SD", "variance"], rows, ["variance"])


def left_out_text(model):
    """Published results beside leave-one-trial-out predictions, as recorded."""
    rows = data_rows("left_out_trials")
    if not rows:
        return "*Not recorded for these constants yet: `resprout fit --leave-out --ship` writes it.*"
    counted = [row for row in rows if row["inside"]]
    rows_as_bool = [
        {
            **row,
            **{name: row[name] == "true" for name in ("inside", "inside_plain")},
            **{name: float(row[name] or "nan") for name in ("crps", "crps_null", "crps_mbma")},
        }
        for row in counted
    ]
    words = f"**{coverage_sentence(rows_as_bool)}** Studies differ by more than the model's between-study heterogeneity and parameter uncertainty."
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
    columns = ["trial", "", "arm", "endpoint", "statistic", "published", "predicted", "90 % interval", "inside"]
    return words + "\n\n" + rows_of(columns, cells, columns[5:7])


def left_out_studies_text(model):
    """Published trials that are not among the protocols, with what a protocol would need."""
    rows = [
        [row["trial"], row["evidence"], row["missing_feature"].removesuffix("none"), row["reason"]]
        for row in data_rows("left_out_studies")
    ]
    return rows_of(["trial", "evidence", "missing feature", "reason"], rows)


def scoreboard_text(model):
    """Passes and skill beside the baselines, agreement of interventions, then every row by stage, those not used in the fit first."""
    entries = recorded_entries()
    facts = scoreboard_facts(entries)
    parts = [
        "## Rows that pass",
        f"**{facts['passed']} of {facts['total']} rows pass; if no drug changed mood, {facts['passed_null']} would.**",
        rows_of(PASSES, pass_rows(facts), PASSES[1:]),
        "## Skill against the baselines",
        SKILL_SAID,
        rows_of(SKILLS, [[name, *skill_cells(part)] for name, part in scored_parts(facts).items()], SKILLS[1:]),
        "## Coverage and sharpness",
        COVERED_SAID,
        rows_of(COVERED, coverage_rows(facts), COVERED[1:]),
        "## Interventions",
        agreement_text(facts["interventions"]),
    ]
    for number, stage in enumerate(STAGES, 1):
        for used, title in ((False, "not used in the fit"), (True, "used in the fit")):
            chosen = [entry for entry in entries if (entry.stage, entry.used_in_fit) == (number, used)]
            if chosen:
                counted = [entry for entry in chosen if entry.counted]
                passed = sum(entry.passed for entry in counted)
                parts.append(f"## {number} {stage}, {title}: {passed} of {len(counted)}")
                columns = ["", "result", "passes", "observed", "predicted", "range", "skill", "source"]
                parts.append(rows_of(columns, [scoreboard_row(entry) for entry in chosen], [*columns[3:5], "skill"]))
    return "\n\n".join(parts)


def agreement_text(found):
    """The confusion table of interventions, and agreement beyond chance."""
    count = {(each["published"], each["predicted"]): each["rows"] for each in found["confusion"]}
    rows = [[seen, *(count.get((seen, said), 0) for said in SHARES)] for seen in SHARES]
    said = (
        f"{found['rows']} interventions are counted. Accuracy {found['accuracy']:.0%}, always saying "
        f"`{found['majority_word']}` {found['majority_accuracy']:.0%}; balanced accuracy {found['balanced_accuracy']:.0%} "
        f"against {found['majority_balanced_accuracy']:.0%}; Cohen's kappa {found['kappa']:.2f} against 0."
    )
    return rows_of(["published", *(f"predicted {word}" for word in SHARES)], rows) + "\n\n" + said


def scoreboard_row(entry):
    """One row of the scoreboard for a page."""
    result = "not counted" if not entry.counted else "yes" if entry.passed else "**no**"
    numbers = [say(entry.observed), say(entry.predicted), format_range(entry), signed(entry.score("skill"))]
    return [entry.id.split()[0], entry.what, result, *numbers, entry.source]


def misses_text(model):
    """Every counted row that does not pass, with its reason."""
    not_passed = [entry for entry in recorded_entries() if entry.counted and not entry.passed]
    rows = [
        [entry.id.split()[0], entry.what, say(entry.observed), say(entry.predicted), entry.reason]
        for entry in not_passed
    ]
    return f"{len(not_passed)} rows do not pass.\n\n" + rows_of(["", "result", "observed", "predicted", "reason"], rows)


PLACEHOLDERS = {
    "<!-- scoreboard -->": scoreboard_text,
    "<!-- misses -->": misses_text,
    "<!-- learned -->": learned_text,
    "<!-- unfitted -->": unfitted_text,
    "<!-- combinations -->": combinations_text,
    "<!-- left out -->": left_out_text,
    "<!-- left out studies -->": left_out_studies_text,
    "<!-- drugs -->": drugs_text,
    "<!-- drug comparison -->": drug_comparison_text,
    "<!-- interventions -->": interventions_text,
    "<!-- hypotheses -->": hypotheses_text,
    "<!-- refitted hypotheses -->": refitted_text,
}
