"""Hostile and broken requests: the page answers each with a message, never with a traceback, and goes on."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resprout.app.serve import callbacks
from resprout.app.serve.request_guard import LARGEST_BODY
from resprout.app.serve.web_application import make_app

APP = make_app(hosts=("localhost", "127.0.0.1"))
CLIENT = APP.server.test_client()
UPDATE = "/_dash-update-component"
DEPENDENCIES = CLIENT.get("/_dash-dependencies").get_json()
OUTPUTS = [each["output"] for each in DEPENDENCIES if not each["clientside_function"]]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)),
    max_leaves=12,
)
MANY = settings(max_examples=230, deadline=None, suppress_health_check=list(HealthCheck))


def assert_answered(answer, *, codes=range(200, 500)):
    text = answer.get_data(as_text=True)
    assert answer.status_code in codes, text[:300]
    assert "Traceback" not in text
    assert "site-packages" not in text


def outputs_of(output):
    """The outputs of a callback as the browser names them."""
    names = output.strip(".").split("...")
    found = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    return found if output.startswith("..") else found[0]


def post(name, value):
    """Ask one of the page's callbacks as its browser does."""
    output = next(each for each in OUTPUTS if f"{name}-done.data" in each)
    body = {
        "output": output,
        "outputs": outputs_of(output),
        "inputs": [{"id": f"{name}-request", "property": "data", "value": value}],
        "changedPropIds": [f"{name}-request.data"],
    }
    return CLIENT.post(UPDATE, json=body)


@MANY
@given(st.binary(max_size=400))
def test_bytes_that_are_no_request_are_refused(body):
    assert_answered(CLIENT.post(UPDATE, data=body, content_type="application/json"), codes=range(400, 500))


@MANY
@given(JSON)
def test_json_that_is_no_request_is_refused(body):
    assert_answered(CLIENT.post(UPDATE, data=json.dumps(body), content_type="application/json"), codes=range(400, 500))


@MANY
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "output": st.one_of(st.sampled_from(OUTPUTS), st.text(max_size=40), JSON),
            "outputs": JSON,
            "inputs": st.lists(
                st.one_of(JSON, st.fixed_dictionaries({"id": JSON, "property": JSON, "value": JSON})), max_size=3
            ),
            "state": JSON,
            "changedPropIds": JSON,
        },
    )
)
def test_requests_with_wrong_parts_are_refused_or_answered(body):
    assert_answered(CLIENT.post(UPDATE, data=json.dumps(body), content_type="application/json"))


@settings(MANY, max_examples=150)
@given(st.sampled_from(["path", "drugs"]), st.one_of(JSON, st.fixed_dictionaries({"fields": JSON, "pinned": JSON})))
def test_any_value_in_a_right_request_is_answered_with_a_message_or_a_result(name, value):
    answer = post(name, value)
    assert_answered(answer)


@settings(MANY, max_examples=100)
@given(
    st.fixed_dictionaries({"protocol": st.one_of(st.text(max_size=300), JSON.filter(lambda value: value is not None))})
)
def test_any_protocol_is_answered_with_a_message(value):
    answer = post("trial", value)
    assert_answered(answer, codes=[200, 400])  # 400 for numbers that are no JSON
    if answer.status_code == 200:
        assert answer.get_json()["response"]["trial-done"]["data"]["faults"]["protocol"]


@settings(MANY, max_examples=100)
@given(
    st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=5),
    st.sampled_from(["/path.csv", "/trial.yaml", "/"]),
)
def test_any_query_is_answered(query, path):
    assert_answered(CLIENT.get(path, query_string=query), codes=[200, 400])


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../site.py",
        "/assets/%2e%2e/site.py",
        "/../../etc/passwd",
        "/_dash-component-suites/os/x",
        "/part/../x",
        "/%00",
        "//evil.test/",
    ],
)
def test_no_path_leaves_the_page(path):
    answer = CLIENT.get(path)
    assert_answered(answer)
    assert "import" not in answer.get_data(as_text=True)[:200]
    assert "root:" not in answer.get_data(as_text=True)


def test_a_body_larger_than_any_request_is_refused():
    assert_answered(CLIENT.post(UPDATE, data=b"[" * (LARGEST_BODY + 1)), codes=[413])


def test_deep_nesting_is_refused():
    body = '{"output":' + "[" * 5000 + "]" * 5000 + "}"
    assert_answered(CLIENT.post(UPDATE, data=body, content_type="application/json"), codes=[400])


def test_another_page_or_another_name_is_refused():
    assert_answered(CLIENT.get("/", headers={"Host": "evil.test"}), codes=[403])
    assert_answered(CLIENT.post(UPDATE, json={}, headers={"Origin": "http://evil.test"}), codes=[403])


@pytest.mark.parametrize("path", ["/", "/assets/page.js", "/part/model", "/nowhere.txt", "/_dash-layout"])
def test_every_answer_carries_the_headers_that_keep_strangers_out(path):
    with CLIENT.get(path) as answer:
        headers = answer.headers
    assert "script-src 'self' 'sha256-" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers


def test_a_fault_of_ours_is_an_apology_without_its_inside(monkeypatch):
    def broken(*_):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(callbacks, "path_response", broken)
    answer = post("path", {"serial": 7, "fields": {}})
    assert_answered(answer, codes=[200])
    done = answer.get_json()["response"]["path-done"]["data"]
    assert done["serial"] == 7
    assert "the fault is ours" in done["message"]
    assert "secret" not in answer.get_data(as_text=True)


def test_text_of_a_reader_never_becomes_html():
    answer = post("drugs", {"fields": {"line1": "<img src=x onerror=alert(1)>"}})
    done = answer.get_json()["response"]["drugs-done"]["data"]
    assert "line1" in done["faults"]  # the page writes messages as text, and no such regimen is ever drawn
    assert "<img" not in json.dumps(answer.get_json()["response"]["drugs-table"])


def test_the_page_loads_nothing_from_elsewhere():
    html = CLIENT.get("/").get_data(as_text=True)
    assert 'src="http' not in html
    assert 'href="http' not in html


def test_a_code_of_evidence_is_answered_with_value_citation_and_doi():
    answer = CLIENT.get("/part/evidence/MP051")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "banasr2008" in text and "https://doi.org/10.1016/j.biopsych.2008.06.008" in text
    assert "glial_uptake" in text and "assumed" in text


@pytest.mark.parametrize("code", ["ZZ999", "<b>", "MP051;x"])
def test_what_is_no_code_is_refused_in_words(code):
    answer = CLIENT.get(f"/part/evidence/{code}")
    assert answer.status_code == 404
    assert_answered(answer)


def test_known_limits_come_with_the_numbers_that_they_touch():
    done = post("path", {"fields": {}, "serial": 1}).get_json()
    said = json.dumps(done)
    assert "Spines and ratings have not been measured in the same subjects" in said
    assert "Two published trials of scopolamine" not in said
