"""The report: one file that needs no network and says what was run, on what, and how far to trust it."""

import re

import made_up
import pytest

from resprout.app.model_facts import is_library
from resprout.app.report import methods_text, run_page
from resprout.language import load_model


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def whole_page(model):
    return run_page(made_up.run(), model, "ketamine 0.5 mg/kg iv over 40 min")


@pytest.fixture(scope="module")
def page(whole_page):
    """The page without the drawing library inside it."""
    return re.sub(r"<script>(?s:.)*?</script>", "", whole_page)


def test_nothing_is_fetched_from_elsewhere(page):
    assert not re.findall(r"<(?:script|img|iframe|link)[^>]*(?:src|href)=", page)
    assert "@import" not in page and "url(" not in page


def test_the_drawing_library_is_inside_once(whole_page):
    assert whole_page.count("<script>/**\n* plotly.js") == 1


def test_the_reader_is_told_that_this_is_not_advice(page):
    assert "Nothing here is medical advice" in page


def test_the_methods_say_what_would_be_needed_to_run_it_again(page, model):
    methods = page.split('id="methods-text">')[1].split("</blockquote>")[0]
    assert model.digest in methods
    assert "ketamine 0.5 mg/kg iv over 40 min" in methods
    assert "seed 1" in methods and "assumed" in methods


@pytest.mark.parametrize("stood", ["at the point estimate", "at 100 posterior draws"])
def test_the_methods_say_whether_constants_were_drawn_or_held(model, stood):
    assert f"Constants stood {stood}." in methods_text(model, made_up.run().assign_attrs(constants=stood))


def test_every_constant_and_equation_of_the_chain_is_on_the_page(page, model):
    chain = [
        each for each in model.constants.values() if each.in_chain and each.role != "default" and not is_library(each)
    ]
    assert page.count("data-grading=") == len(chain)
    assert page.count('class="equation"') == len(model.equations)


def test_every_heading_can_be_reached_from_the_top(page):
    links = re.findall(r'<a href="#(\w+)"', page)
    assert links == re.findall(r'<section id="(\w+)"', page)


def test_text_of_the_user_cannot_become_part_of_the_page(model):
    page = run_page(made_up.run(2), model, "<script>alert(1)</script>")
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page
