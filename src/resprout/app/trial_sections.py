"""Sections of a trial's report that a clinician looks for: design, patients, responders, safety, analyses, published numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from resprout.app.html_page import Section, html_list, html_table, paragraphs, with_note
from resprout.app.published_command import COLUMNS as PUBLISHED_HEADINGS
from resprout.app.published_command import count_sentence, published_cells
from resprout.app.summary_tables import ANALYSIS_HEADINGS, analysis_cells, rule_cells, rule_headings
from resprout.app.trial_warnings import not_estimable_sentences, published_sentences
from resprout.figures.spoken_units import format_time
from resprout.language.rating_scales import mood_rated
from resprout.trial.citations import citations
from resprout.trial.published_numbers import inside_share

if TYPE_CHECKING:
    from resprout.language import Model
    from resprout.trial import Trial
    from resprout.trial.design import Dropout

CONTROLS = {
    "saline": "inactive saline; patients may tell the drug by what they feel",
    "midazolam": "midazolam, whose sedation hides which arm one is in",
    "spray": "an inactive spray; patients may tell the drug by what they feel",
    "psychoactive": "a control whose effects are felt as well",
    "sham": "a sham procedure",
    "anaesthesia": "general anaesthesia, under which nobody feels the drug",
    "inactive_pill": "an inactive pill",
    "open_label": "nothing is hidden",
    "wait_list": "waiting, without treatment",
    "standard_of_care": "standard care that is not blinded",
    "add_on": "placebo added to a new oral drug that everybody gets",
}
SAFETY = {
    "VAS_high": "feeling high",
    "CADSS": "dissociation",
    "BPRS_positive": "psychotic symptoms",
    "SBP": "systolic pressure",
    "DBP": "diastolic pressure",
}


def design_section(trial: Trial, model: Model) -> Section:
    """Who was studied, what was given, and what was rated when."""
    protocol = trial.protocol
    size = "first" if protocol.design == "crossover" else "size"
    arms = [
        [arm.name, arm.regimen, str(getattr(arm, size) or 0), "control" if arm.control else ""] for arm in protocol.arms
    ]
    heading = "start with it" if size == "first" else "people"
    facts = [
        ["design", protocol.design + (f", {protocol.washout / 24:g} d between" if protocol.washout else "")],
        ["control", CONTROLS[protocol.control]],
        [
            "blinding",
            "maintained by assumption"
            if protocol.blinding == "maintained"
            else "natural: euphoria may unblind patients",
        ],
        ["diagnosis", {"mdd": "major depression", "bipolar": "bipolar depression"}[protocol.diagnosis]],
        ["added for everybody", protocol.background or "nothing"],
        ["entry", format_entry_criteria(trial)],
        ["dropout", format_dropout(trial)],
        *([each.name, ", ".join(map(format_time, each.visits))] for each in protocol.endpoints),
    ]
    facts += [["source", text] for text in citations(model, protocol.source)]
    assumed = "".join(f"<li>{text}</li>" for text in map(_plain, protocol.assumed))
    body = html_table(["arm", "treatment", heading, ""], arms, right=[heading]) + html_table(["", ""], facts)
    return Section("design", "Design", body + (f"<p>Assumed of the design:</p><ul>{assumed}</ul>" if assumed else ""))


def format_entry_criteria(trial: Trial) -> str:
    """The entry criteria in a line."""
    entry = trial.protocol.entry
    said = [f"{scale} at least {points:g}" for scale, points in entry.minimum.items()]
    said += [f"{scale} at most {points:g}" for scale, points in entry.maximum.items()]
    said += [f"{entry.age[0]:g} to {entry.age[1]:g} years", *entry.genotype]
    if entry.resistant:
        said.append("an antidepressant has failed")
    return ", ".join(said) + f"; rated {format_time(entry.screening)} before the first dose"


def format_dropout(trial: Trial) -> str:
    """Who leaves, in a line; with phases, before and after allocation."""
    protocol = trial.protocol
    said = _rates(protocol.dropout)
    if protocol.rescue is not None:
        said.append(f"rescue from {format_time(protocol.rescue.after)} on")
    after = ", ".join(said) or "nobody leaves"
    if not protocol.phases:
        return after
    before = [
        (phase.name, ", ".join(_rates(protocol.dropout_in(phase))) or "nobody leaves") for phase in protocol.phases
    ]
    return "; ".join(f"{name}: {rates}" for name, rates in [*before, ("after allocation", after)])


def _rates(rule: Dropout) -> list[str]:
    """Weekly dropout and missed visits in words, a part each."""
    said = [
        f"{share:.0%} a week {words}"
        for share, words in (
            (rule.completely_at_random, "whatever happens"),
            (rule.at_random, "if the last rating has not moved"),
            (rule.informative, "if the state has not moved"),
        )
        if share
    ]
    return [*said, f"{rule.missed_visits:.0%} of visits missed"] if rule.missed_visits else said


def patients_section(trial: Trial) -> Section:
    """Who entered, over all replicates."""
    people = trial.cohort.covariates
    rows = [
        ["age, years", _spread(people["age"])],
        ["women", f"{(people['sex'] == 'female').mean():.0%}"],
        ["body mass index, kg/m²", _spread(people["BMI"])],
        ["genotype of BDNF", _shares(people["genotype"])],
        ["CYP2B6", _shares(people["CYP2B6"])],
        ["comedication", _shares(people["comedication"])],
    ]
    for (arm, endpoint), rating in trial.ratings.items():
        if mood_rated(trial.outcome.scales, endpoint):
            rows.append([f"{endpoint} at baseline, {arm}", _spread(rating[:, :, 0])])
    share = len(people) / trial.cohort.screened
    text = (
        f"{trial.cohort.screened:,} people of the ill population were screened for {len(people):,} places in "
        f"{trial.replicates:,} replicates ({share:.0%} entered). They were chosen by a rating on one day, so that they are a "
        "little better at baseline than at screening."
    )
    return Section("patients", "Patients", paragraphs(text) + html_table(["", "mean (SD) or share"], rows))


def responders_section(trial: Trial) -> Section:
    """Response and remission by visit, and who stayed well."""
    table = trial.table
    rates = table[table["statistic"].isin(["response_rate", "remission_rate"]) & table["time_h"].gt(0)]
    rows = [
        [row["endpoint"], row["arm"], format_time(row["time_h"]), word, f"{row['value']:.0%}", format_interval(row)]
        for row in rates.to_dict("records")
        for word in [row["statistic"].removesuffix("_rate")]
    ]
    columns = ["endpoint", "arm", "time", "", "share", "95 %"]
    scales, rated = trial.outcome.scales, [each.name for each in trial.protocol.endpoints]
    cut_offs = [
        f"{name} {scales[name].remission:g} ({scales[name].remission_grade})"
        for name in rated
        if mood_rated(scales, name) and scales[name].remission is not None
    ]
    text = (
        "Response is a fall by half, remission a score at or below the scale's cut-off "
        f"({', '.join(cut_offs)}); a missed visit counts as neither."
    )
    folded = f"<details><summary>By visit<small>{len(rows)} rows</small></summary>"
    return Section(
        "responders",
        "Responders",
        paragraphs(text) + folded + html_table(columns, rows, right=columns[4:]) + "</details>",
    )


def format_interval(row: Mapping[Any, Any]) -> str:
    """An interval of shares."""
    return f"{row['lower']:.0%} to {row['upper']:.0%}"


def safety_section(trial: Trial) -> Section:
    """Highest readings of what is unpleasant, who left or was rescued, and guesses of allocation."""
    rows = []
    for (name, endpoint), rating in trial.ratings.items():
        if endpoint in SAFETY:
            rise = np.nanmax(rating, axis=2) - rating[:, :, 0]
            upper = np.quantile(rise, 0.95)
            rows.append([name, f"{SAFETY[endpoint]} ({endpoint})", f"{rise.mean():.1f}", f"{upper:.0f}"])
    for arm in trial.protocol.arms:
        left, rescued = trial.outcome.left_h[arm.name], trial.outcome.rescued[arm.name]
        if np.isfinite(left).any():
            rows.append([arm.name, "left before the end", f"{np.isfinite(left).mean():.0%}", ""])
        if rescued.any():
            rows.append([arm.name, "needed rescue", f"{rescued.mean():.0%}", ""])
        guessed = trial.outcome.guessed_drug[arm.name]
        rows.append([arm.name, "guess to have been given the drug", f"{guessed.mean():.0%}", ""])
    if not rows:
        return Section("safety", "Safety", paragraphs("The protocol rates nothing of safety, and nobody leaves."))
    columns = ["arm", "", "mean of highest rise, or share", "95th percentile of people"]
    text = (
        "The model knows euphoria, dissociation, psychotic symptoms and blood pressure, and nothing else of safety: no bladder, "
        "no addiction, no mania, no death."
    )
    return Section("safety", "Safety", html_table(columns, rows, right=columns[2:]) + paragraphs(text))


def analysis_section(trial: Trial) -> Section:
    """The analyses that the protocol asks for."""
    rows = trial.analysis[trial.analysis["analysis"] != "rm_anova"]
    text = (
        "Each replicate is analysed as one trial would be. Estimates are means, with the 95 % prediction interval, over the replicates "
        "in which they are estimable; p are medians, and power is the share with p < .05 of the replicates that have a p value, "
        "with its 95 % interval (Wilson). MMRM: visit by arm and by "
        "baseline, unstructured covariance, restricted maximum likelihood, Kenward-Roger. Response: Fisher's exact test. Relapse: "
        "Kaplan-Meier, Cox with ties after Efron, log-rank test. Genotype: carriers of a Met allele against others by time."
    )
    table = html_table(ANALYSIS_HEADINGS, analysis_cells(rows), right=ANALYSIS_HEADINGS[4:])
    return Section("analysis", "Analyses", table + paragraphs(text))


def rules_section(trial: Trial) -> Section:
    """How often the rules of each arm applied."""
    headings = rule_headings("arm")
    text = "Share of patients to whom a rule applied, mean number of times, and median day on which it first did, over all replicates."
    table = html_table(headings, rule_cells(trial.rules, "arm"), right=headings[2:])
    return Section("rules", "Rules", table + paragraphs(text))


def not_estimable_section(trial: Trial) -> Section:
    """What could not be estimated in some replicate, and why."""
    found = not_estimable_sentences(trial)
    text = (
        "A replicate in which a quantity is not estimable is in neither its mean nor its interval nor its power, and is counted here."
        if found
        else "Every mean and every analysis was estimable in every replicate."
    )
    return Section("not_estimable", "What could not be estimated", paragraphs(text) + html_list(found))


def published_section(trial: Trial) -> Section:
    """Published numbers beside their predictions."""
    rows: list[dict[str, Any]] = [dict(row) for _, row in trial.published.astype(object).iterrows()]
    place = PUBLISHED_HEADINGS.index("statistic")
    cells = [
        [*cell[:place], with_note(cell[place], row["note"]), *cell[place + 1 :], row["verification"]]
        for cell, row in zip(published_cells(rows), rows, strict=True)
    ]
    table = html_table([*PUBLISHED_HEADINGS, "how known"], cells, right=PUBLISHED_HEADINGS[5:8])
    missing = html_list(published_sentences(rows))
    return Section("published", "Published numbers", paragraphs(count_sentence(*inside_share(rows))) + table + missing)


def _spread(values: Any) -> str:
    known = np.asarray(values, dtype=float)
    return f"{np.nanmean(known):.1f} ({np.nanstd(known):.1f})"


def _shares(values: Any) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in values.value_counts(normalize=True).items())


def _plain(text: str) -> str:
    from html import escape

    return escape(text)
