"""`resprout describe CODE`: a code of evidence leads to the published number, how it was seen, its citation and what rests on it."""

import json

import pytest

from resprout.app.evidence_codes import further_sources, shipped_evidence
from resprout.language import load_model
from resprout.trial.citations import every_source


@pytest.mark.parametrize(
    ("code", "words"),
    [
        # Banasr and Duman 2008: ablation of astrocytes makes rats helpless
        ("MP051", ("astrocyte", "doi:10.1016/j.biopsych.2008.06.008", "glial_uptake = 1", "assumed")),
        ("IV062", ("HNK", "mimic", "hydroxynorketamine_release_EC50")),
        # Moghaddam 1997
        ("F01", ("glutamate surges", "TC001", "doi:10.1523/JNEUROSCI.17-08-02921.1997")),
        # Berman 2000: HDRS-25 falls by 14 (SD 10) points in seven patients
        ("CT001", ("-14 points, SD 10, n 7", "doi:10.1016/S0006-3223(99)00230-9", "berman2000")),
        ("PB001", ("185 ng/mL", "read in a page that cites the source")),
    ],
)
def test_a_code_leads_to_its_number_and_its_source(resprout, code, words):
    exit_code, out, _ = resprout("describe", code)
    said = " ".join(out.split())
    assert exit_code == 0
    assert [word for word in words if word not in said] == []


def test_the_codes_of_a_constant_say_what_was_measured(resprout):
    _, out, _ = resprout("describe", "glial_uptake")
    assert "MP051  anhedonia" in out


def test_a_code_as_json_holds_the_published_row(resprout):
    said = json.loads(resprout("describe", "CT001", "--json")[1])
    assert said["published"]["value"] == "-14" and said["published"]["verification"] == "read"
    assert {row["statistic"] for row in said["trials"]} == {"mean_change", "sd_change"}


def test_an_unknown_code_is_refused(resprout):
    code, _, err = resprout("describe", "MP999")
    assert code == 2 and "no evidence has the code `MP999`" in err


def test_an_unknown_drug_is_answered_with_how_to_add_one(resprout):
    code, _, err = resprout("describe", "psilocybin")
    assert code == 2 and "--drug FILE" in err and "Did you mean" not in err


def test_every_published_fact_has_a_citation_or_says_that_it_was_not_seen():
    known = further_sources() | every_source(load_model())
    loose = [row["id"] for row in shipped_evidence().values() if row["source"] not in known]
    assert [code for code in loose if shipped_evidence()[code]["verification"] != "recall"] == []
