"""The page of a model file: what is typed is read, drawn, and given again by the command that it shows."""

from __future__ import annotations

import json
import shlex

import pytest

from resprout.app.cli import run
from resprout.app.serve.imported_answer import command_line, first_outputs, picture, read_form, table_csv, trajectories
from resprout.app.serve.imported_page import PLACES, layout, make_imported_app, parameters, respond
from resprout.errors import InputError
from resprout.exchange.imported_model import import_model

TEXT = """model two_steps
  gut = 0; central = 0; still = 7; ka = 1.1; CL = 5; V = 50
  gut' = -ka*gut; central' = ka*gut - CL/V*central; still' = 0; concentration := central/V
end
"""
FORM = {"until": 48, "outputs": "central, concentration", "set": "", "dose": "", "vary": "", "patients": 50}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "two_steps.ant"
    path.write_text(TEXT, encoding="utf-8")
    return import_model(path)


def asked(model, **more):
    return read_form(model, {**FORM, **more})


def test_one_run_has_no_band_and_nothing_beside_it(model):
    found, notes = trajectories(model, asked(model))
    assert [trajectory.name for trajectory in found] == ["central", "concentration"] and notes == ""
    assert all(trajectory.band is None and trajectory.before is None for trajectory in found)


def test_patients_have_a_band_around_the_median_and_the_file_stands_beside(model):
    found, _ = trajectories(model, asked(model, dose="gut: 100; every 24 h x 2", vary="CL=lognormal(cv=0.3)"))
    low, high = found[0].band
    assert (low[1:] < found[0].middle[1:]).all() and (found[0].middle[1:] < high[1:]).all()
    assert (found[0].before == 0).all()
    assert len(picture(found[0], "h")["data"]) == 3


def test_fields_that_are_as_in_the_file_set_nothing(model):
    given = asked(model, values={"ka": 1.1, "CL": 8, "none of the model": 3}, set="V=40, ka=2")
    assert given.values == {"CL": 8.0, "V": 40.0, "ka": 2.0}


def test_every_fault_stands_at_its_field(model):
    wrong = {"until": -1, "outputs": "", "set": "k", "dose": "100 mg", "patients": 0.5}
    with pytest.raises(InputError) as told:
        asked(model, **wrong)
    assert {fault.field for fault in told.value.faults} == set(wrong)
    answer = respond(model, {**FORM, **wrong})
    assert len(answer) == 4 + len(PLACES) and all(answer[4 + PLACES.index(name)] for name in wrong)
    assert answer[4 + PLACES.index("vary")] == ""


@pytest.mark.parametrize(
    "given", [{"until": None}, {"until": "abc"}, {"patients": 10**9}, {"set": "x" * 3000}, {"set": 3}]
)
def test_what_is_no_number_or_too_much_is_refused(model, given):
    with pytest.raises(InputError):
        asked(model, **given)


@pytest.mark.parametrize(
    "given", [{"dose": "nothing: 100"}, {"set": "unknown=3"}, {"vary": "CL=lognormal(cv=-1)"}, {"vary": "?"}]
)
def test_what_the_model_refuses_is_said_and_nothing_is_drawn(model, given):
    answer = respond(model, {**FORM, **given})
    assert "The curves are those of before." in answer[1] or answer[1]
    assert not isinstance(answer[0], list)


def test_the_command_gives_the_numbers_of_the_page(model, tmp_path, capsys):
    given = asked(model, set="CL=8", dose="gut: 100; every 24 h x 2")
    found, _ = trajectories(model, given)
    words = shlex.split(command_line(model, given).replace("resprout ", "", 1))
    words[words.index("--model") + 1] = model.file
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["values"] for row in told["rows"]] == [
        pytest.approx(trajectory.middle.tolist()) for trajectory in found
    ]
    assert table_csv(found, "h").count("\n") == 1 + 2 * len(found[0].time)


def test_the_states_that_change_most_are_drawn_first(model, tmp_path):
    path = tmp_path / "many.ant"
    still = "".join(f"s{i} = 1; s{i}' = 0; " for i in range(6))
    path.write_text(f"{still} a = 1; a' = -a; b = 1; b' = -0.001*b;", encoding="utf-8")
    assert first_outputs(import_model(path), 10.0)[-2:] == ["a", "b"]
    assert first_outputs(model, 10.0) == ["gut", "central", "still"]


def test_the_page_answers_with_its_guard(model):
    server = make_imported_app(model, hosts=("127.0.0.1",)).server.test_client()
    page = server.get("/", headers={"Host": "127.0.0.1"})
    assert page.status_code == 200 and b"two_steps" in page.data and b"not medical advice" in page.data
    assert "script-src" in page.headers["Content-Security-Policy"]
    assert server.get("/", headers={"Host": "elsewhere"}).status_code == 403
    assert server.get("/_dash-layout", headers={"Host": "127.0.0.1"}).status_code == 200
    assert parameters(model) == ["ka", "CL", "V"] and layout(model) is not None


@pytest.mark.parametrize("path", ["missing.ant", "."])
def test_what_is_no_file_is_refused(path, tmp_path, capsys):
    assert run(["serve", "--model", str(tmp_path / path), "--port", "8051"]) == 2
    assert "--model" in capsys.readouterr().err
