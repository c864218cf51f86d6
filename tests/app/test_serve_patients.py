"""The tab of a reader's own table: faults line by line, people, one person under a plan, and nothing of it kept."""

import json

import pytest

import resprout as rs
from resprout.app.serve.callbacks import patients_response
from resprout.app.serve.patients_tab import LARGEST_TABLE, endpoint_of, picture_of, read_people, view_of
from resprout.app.serve.request_guard import LARGEST_BODY
from resprout.errors import InputError
from resprout.patients.read_data import EXAMPLE, read_data, read_text

MODEL = rs.load_model()
TEXT = EXAMPLE.read_text(encoding="utf-8")
FIVE_PEOPLE = "".join(line + "\n" for line in TEXT.splitlines()[:41])
BAD = 'patient,time_h,endpoint,value\n1,0,MADRS,99\n1,1,MADRS,"3,5"\n'


def words(parts):
    """Everything that parts of the page say."""
    return json.dumps(
        [part.to_plotly_json() for part in parts], default=lambda each: each.to_plotly_json(), ensure_ascii=False
    )


def test_a_table_as_text_is_read_as_the_file_is():
    assert read_text(TEXT, name="a", model=MODEL).people == read_data("example", model=MODEL).people
    mapped = read_text("who,time_h,endpoint,value\n1,0,MADRS,2\n", "columns: {patient: who}\n", name="a", model=MODEL)
    assert mapped.people[0].name == "1"
    with pytest.raises(InputError, match="mapping:1"):
        read_text(TEXT, "columns: {pateint: who}\n", name="a", model=MODEL)


def test_the_faults_of_a_table_stand_line_by_line_and_nobody_can_be_shown():
    checked, shown, done = patients_response({"ask": "check", "table": BAD, "mapping": ""}, MODEL)
    said = words(checked)
    assert (
        "row 2 (patient 1, column value)" in said
        and "row 3 (patient 1, column value)" in said
        and "Write `3.5`" in said
    )
    assert shown == [] and done["people"] == [] and done["faults"]["patients"].startswith("2 faults")


def test_a_table_without_faults_gives_its_people_and_what_was_read():
    checked, shown, done = patients_response({"ask": "check", "example": True}, MODEL)
    assert len(done["people"]) == 40 and done["faults"] == {} and shown == []
    assert "level: ketamine_venous" in words(checked) and "a visit or sample that was missed" in words(checked)


def test_a_person_is_shown_with_ratings_to_come_under_the_plan_and_none():
    request = {
        "ask": "person",
        "table": FIVE_PEOPLE,
        "mapping": "",
        "person": "2",
        "plan": "ketamine 0.5 mg/kg iv over 40 min; every 7 d x 4",
    }
    data = read_people(request, MODEL)
    view = view_of(request, data, MODEL)
    assert {row[1]: row[-2] for row in view.forecast.outcomes} == {"no further dose": 0.0, "the plan": 4.0}
    picture = picture_of(view, MODEL)
    observed = next(trace for trace in picture["data"] if trace.get("name") == "observed")
    person = data.people[1]
    seen = [(each.time_h / 24, each.value) for _, each in person.observations if each.endpoint == "MADRS"]
    assert list(zip(observed["x"], observed["y"], strict=True)) == seen and endpoint_of(person, MODEL) == "MADRS"
    # a person on four further infusions is rated lower than without, in the median of the same draws
    last = {row[1]: row[4] for row in view.forecast.to_come}
    assert last["the plan"] <= last["no further dose"]
    _, shown, done = patients_response(request, MODEL)
    assert done == {"faults": {}} and "Patient 2: MADRS" in words(shown) and "Not medical advice" in words(shown)


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"person": "nobody"}, "person", "nobody is called"),
        ({"person": "1", "plan": "ketamin 3 mg iv"}, "plan", "ketamin"),
        ({"person": "1", "plan": "x" * 300}, "plan", "too long"),
        ({"person": "1", "plan": None}, "plan", "too long"),
    ],
)
def test_what_is_wrong_with_the_person_or_the_plan_is_said_at_its_field(more, field, said):
    *_, done = patients_response({"ask": "person", "example": True, "plan": "", **more}, MODEL)
    assert said in done["faults"][field]


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        {},
        {"table": 3},
        {"table": ""},
        {"table": "x" * (LARGEST_TABLE + 1)},
        {"table": BAD, "mapping": "x" * 20_000},
    ],
)
def test_what_is_no_table_or_too_large_is_refused(sent):
    with pytest.raises(InputError):
        read_people(sent, MODEL)


def test_the_largest_table_fits_into_a_request():
    assert 2 * LARGEST_TABLE < LARGEST_BODY  # a quotation mark takes two characters of JSON


def test_nothing_of_a_table_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    patients_response({"ask": "check", "table": FIVE_PEOPLE, "mapping": ""}, MODEL)
    assert list(tmp_path.iterdir()) == []
