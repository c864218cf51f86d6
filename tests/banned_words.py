"""Words that must not appear in code, docs or help texts, each with the term of the field that replaces it.

A word is a regular expression, matched without regard to case; underscores count as boundaries, so that identifiers are
searched too. `docs/glossary.md` defines the terms.
"""

from __future__ import annotations

import re

BANNED: tuple[tuple[str, str], ...] = (
    # pharmacology and trials
    (r"into a vein|in(?:to)? the veins?", "intravenous (iv), or venous plasma"),
    (r"(?<!spray_)(?<!spray )swallow(?:ed|s|ing)?", "oral"),
    (r"under the skin", "subcutaneous (sc)"),
    (r"into (?:a )?muscle", "intramuscular (im)"),
    (r"affinit(?:y|ies)", "dissociation constant Kd, EC50 or IC50"),
    (r"efficacy", "maximal effect Emax"),
    (r"agents?", "drug"),
    (r"mood swings?(?! at)", "within-subject variability"),
    (r"likeness", "between-study heterogeneity (intraclass correlation)"),
    (r"deviates?", "random effect (eta)"),
    (r"leaves? open|what is uncertain", "posterior draws, or parameter uncertainty"),
    (r"doubts?", "uncertainty"),
    (r"middle 9[05] ?%", "95 % prediction interval (of people: 95 % range)"),
    (r"(?:score|rating)s? (?:has|have) halved|score halved", "response (>= 50 % reduction)"),
    (r"least (?:score|points)", "minimum score"),
    (r"further arms?", "additional arm"),
    (r"repetitions?", "replicate"),
    (r"remembered", "not verified at source"),
    (r"tires", "tolerance or desensitisation"),
    (
        r"(?<!clinical )(?<!clinical_)(?<!of )(?<!time )(?<!time_)(?<!longest_)(?<!numinus_)courses?",
        "trajectory, or clinical course",
    ),
    (r"blinding: held|held by assumption", "blinding: maintained"),
    (r"gives? (?:it|the drug|a drug) away", "unblinds"),
    (r"founding", "the review (Krystal, Sanacora and Duman 2013)"),
    (r"verdicts?", "result, agreement"),
    # numerics and software
    (
        r"resting|(?<!surplus_)(?:at|of|from|against|above|below|times|own|to)[ _]rest|find_rest|rest_states?",
        "steady state, or baseline",
    ),
    (r"leaps?", "Newton iteration"),
    (r"walks?|the walk", "pseudo-transient continuation"),
    (r"ridge(?! regression)", "unstable equilibrium"),
    (r"stride", "step attempt"),
    (r"wish(?:es|ed)?", "request, or proposed step size"),
    (r"happenings?", "event"),
    (r"of one's own|of our own|one's own", "user-defined, or imported model"),
    (r"lean", "reduced model"),
    (r"peers?", "external simulator"),
    (r"twins?", "reference solver"),
    (r"judges?|judged", "reference, or compare"),
    (r"ward", "benchmark cohort"),
    (r"soften(?:ed|s|ing)?", "robust loss"),
    (r"slopes of|free point", "Jacobian, standardised parameter"),
    (r"hangs?(?: most)? on", "depends on, is sensitive to"),
    (r"what matters|what_matters", "global sensitivity analysis"),
    (r"words to import", "public API"),
    (r"told by (?:the )?data|data have told", "posterior contraction"),
    (r"waking up", "starting"),
)


def pattern(word: str) -> re.Pattern[str]:
    """The compiled form of one entry of BANNED, not inside a longer word."""
    return re.compile(rf"(?<![A-Za-z0-9])(?:{word})(?![A-Za-z0-9])", re.IGNORECASE)


PATTERNS = tuple((pattern(word), term) for word, term in BANNED)


def offences(text: str, where: str) -> list[str]:
    """Every banned word of a text, as `where:line 'word': write 'term'`."""
    return [
        f"{where}:{number} '{match[0]}': write '{term}'"
        for number, line in enumerate(text.splitlines(), start=1)
        for regex, term in PATTERNS
        for match in regex.finditer(line)
    ]
