"""The page in a real browser: every tab, a slide, a download, a restored link, a bad input, both themes, a phone, a keyboard."""

import csv
import io
import re
import statistics
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from hands import contrast, curves, drawn, mixed_contrast, open_tab, set_range, wait_answer

import resprout as rs
from resprout.figures.palette import STAGE_COLOUR
from resprout.language.records import STAGES

pytestmark = pytest.mark.browser
SLIDE = """async (steps) => {
  const range = document.getElementById("amount-slider"), took = [];
  for (let step = 0; step < steps; step++) {
    const drawn = new Promise((done) => document.addEventListener("path-drawn", done, { once: true }));
    const start = performance.now();
    range.value = 0.3 + 0.01 * step;
    range.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    took.push(performance.now() - start);
  }
  return took;
}"""


def test_the_server_answers_before_its_page_is_ready_and_how_soon_is_written_down(server, took):
    first, whole = server[1]
    took["first answer after the start"], took["page after the start"] = f"{first:.1f} s", f"{whole:.1f} s"
    assert first <= whole


def test_six_panels_stand_in_the_order_of_the_stages_in_their_own_colours(page):
    titles = page.eval_on_selector_all("#panel-path h2", "all => all.map(each => each.textContent)")
    assert [title.split()[1].lower() for title in titles] == list(STAGES)
    for stage in STAGES:
        colours = page.eval_on_selector_all(
            f"#card-{stage} .chart path", "all => all.map(each => each.getAttribute('stroke'))"
        )
        assert set(colours) == {STAGE_COLOUR[stage]}


def test_sliding_the_dose_moves_every_stage_and_the_sentence(page):
    before = {stage: curves(page, stage) for stage in STAGES}
    said = page.inner_text("#sentence-score")
    set_range(page, "amount-slider", 0.2)
    assert page.input_value("#amount") == "0.2"
    assert all(curves(page, stage) != before[stage] for stage in STAGES)
    assert page.inner_text("#sentence-score") != said
    assert "ketamine 0.2 mg/kg" in page.inner_text("#regimen-line")


def test_every_move_of_a_slide_redraws_the_panels_and_how_fast_is_written_down(page, took):
    page.evaluate(SLIDE, 5)
    before = int(page.get_attribute("body", "data-path-serial"))
    each = page.evaluate(SLIDE, 40)
    took["redraw of six panels, median of 40 (asked: 150 ms)"] = f"{statistics.median(each):.0f} ms"
    assert int(page.get_attribute("body", "data-path-serial")) == before + 40


def test_a_trial_of_500_people_runs_at_the_point_estimate_and_how_fast_is_written_down(page, took):
    open_tab(page, "trial")
    drawn(page, "trial")
    each = []
    for seed in ("2", "3", "4"):  # the first builds what every later trial reuses
        page.fill("#n", "250")
        page.fill("#seed", seed)
        before = int(page.get_attribute("body", "data-trial-serial"))
        page.click("#trial-form button[type=submit]")
        wait_answer(page, "trial", before)
        each.append(int(page.get_attribute("body", "data-trial-ms")))
    took["trial of 500 people, least of 3 (asked: 1000 ms)"] = f"{min(each)} ms"
    assert "500 people" in page.inner_text("#status")
    assert "point estimate" in page.inner_text("#status")


@pytest.mark.parametrize(
    ("tab", "shows"),
    [
        ("path", "#card-score .chart svg path"),
        ("trial", "#trial-score .js-plotly-plot .scatterlayer path"),
        ("drugs", "#drugs-table tbody tr"),
        ("figures", "#figures-body .js-plotly-plot .scatterlayer path"),
        ("patients", "#patients-example"),
        ("model", "#model-body details.stage"),
        ("scoreboard", "#scoreboard-body .card"),
    ],
)
def test_every_tab_opens_and_shows_something(page, tab, shows):
    open_tab(page, tab)
    page.wait_for_selector(shows, state="attached", timeout=480_000)  # figures take minutes on a busy machine
    assert page.get_attribute(f"#tab-{tab}", "aria-selected") == "true"
    assert [
        each
        for each in ("path", "trial", "drugs", "figures", "patients", "model", "scoreboard")
        if page.is_visible(f"#panel-{each}")
    ] == [tab]


def test_a_link_restores_the_state_it_was_copied_from(page, server):
    page.select_option("#genotype", "Met/Met")
    set_range(page, "glial", 60)
    set_range(page, "mTORC1_block", 40)
    page.click("#take-link")
    link = page.inner_text("#taken pre")
    said = page.inner_text("#sentence-score")
    other = page.context.new_page()
    other.goto(link)
    drawn(other)
    assert other.input_value("#genotype") == "Met/Met"
    assert other.input_value("#glial") == "60"
    assert other.inner_text("#sentence-score") == said
    assert page.evaluate("navigator.clipboard.readText()") == link


def test_a_broken_link_opens_the_page_and_says_what_it_did_not_know(page, server):
    page.goto(server[0] + "?drug=unobtainium&weight=1e9&colour=<script>alert(1)</script>&tab=nowhere")
    drawn(page)
    assert page.input_value("#drug") == "ketamine"
    assert "drug" in page.inner_text("#toast")
    assert "from 40 to 160" in page.inner_text("#fault-weight") or page.input_value("#weight") == "160"


def test_a_bad_input_gives_a_message_at_its_field_and_keeps_the_curves(page):
    page.wait_for_selector("body[data-bands-serial]", timeout=60_000)  # they may widen the axes when they come
    before = curves(page, "score")
    serial = int(page.get_attribute("body", "data-path-serial"))
    page.fill("#minutes", "-5")
    wait_answer(page, "path", serial)
    assert "from 0 to 1440" in page.inner_text("#fault-minutes")
    assert page.get_attribute("#minutes", "aria-invalid") == "true"
    assert curves(page, "score") == before
    serial = int(page.get_attribute("body", "data-path-serial"))
    page.fill("#minutes", "40")
    wait_answer(page, "path", serial)
    assert page.inner_text("#fault-minutes") == ""


def test_the_parser_of_regimens_speaks_at_the_line_it_cannot_read(page):
    open_tab(page, "drugs")
    drawn(page, "drugs")
    before = int(page.get_attribute("body", "data-drugs-serial"))
    page.fill("#line6", "ketamin 3 mg iv")
    page.click("#drugs-form button[type=submit]")
    wait_answer(page, "drugs", before)
    assert "Did you mean `ketamine`" in page.inner_text("#fault-line6")


def test_the_table_taken_along_holds_the_curves_that_are_drawn(page):
    with page.expect_download() as coming:
        page.click("#take-csv")
    rows = list(csv.DictReader(io.StringIO(Path(coming.value.path()).read_text(encoding="utf-8"))))
    score = [float(row["value"]) for row in rows if row["output"] == "HDRS17"]
    said = re.search(r"from ([\d.]+) to ([\d.]+) points", page.inner_text("#sentence-score"))
    assert (score[0], min(score)) == pytest.approx((float(said[1]), float(said[2])), abs=0.06)  # said to a tenth


def test_the_picture_taken_along_is_one_svg_with_every_stage(page):
    with page.expect_download() as coming:
        page.click("#take-svg")
    words = " ".join(ET.parse(coming.value.path()).getroot().itertext())
    assert all(stage.capitalize() in words for stage in STAGES)


def test_the_python_taken_along_gives_the_same_score(page):
    page.click("#take-python")
    names = {}
    exec(compile(page.inner_text("#taken pre").replace("print(", "("), "page", "exec"), names)
    lowest = float(names["run"]["HDRS17"].min())
    said = re.search(r"to ([\d.]+) points", page.inner_text("#sentence-score"))
    assert lowest == pytest.approx(float(said[1]), abs=0.06)  # said to a tenth


def test_pinned_curves_stay_behind_the_new_ones(page):
    page.click("#pin")
    set_range(page, "glial", 90)
    page.wait_for_selector("#card-dose .legend .pinned:has-text('Glial glutamate uptake 75')")
    assert len(curves(page, "score")) == 2 * 2


def test_a_link_restores_pinned_curves_log_axes_and_bands(page, server):
    page.click("#pin")
    set_range(page, "glial", 90)
    page.click("#log")
    page.click("#bands")
    assert "logarithmic" in page.inner_text("#card-dose .axis")
    page.click("#take-link")
    link = page.inner_text("#taken pre")
    other = page.context.new_page()
    other.goto(link)
    drawn(other)
    wait_answer(other, "path", 0)
    assert curves(other, "dose") == curves(page, "dose")
    assert len(curves(other, "score")) == 2 * 2
    assert [other.get_attribute(f"#{name}", "aria-pressed") for name in ("pin", "log", "bands")] == [
        "true",
        "true",
        "false",
    ]


def test_bands_are_drawn_once_nothing_moves_and_never_beside_later_curves(page):
    page.wait_for_selector("body[data-bands-serial]", timeout=60_000)
    assert page.locator("#card-score polygon.band").count() == 2 * 2  # two outputs, hours and days
    set_range(page, "glial", 90)
    assert page.locator("#card-score polygon.band").count() == 0
    page.wait_for_selector("#card-score polygon.band", state="attached", timeout=60_000)


def test_the_first_curve_stands_within_the_first_screen_of_a_phone(chromium, server):
    context = chromium.new_context(viewport={"width": 390, "height": 664})
    opened = context.new_page()
    opened.goto(server[0])
    drawn(opened)
    box = opened.locator("#card-dose .chart").bounding_box()
    assert box["y"] + box["height"] <= 664
    context.close()


def test_a_protocol_of_ones_own_runs_and_a_broken_one_says_where(page, tmp_path):
    open_tab(page, "trial")
    drawn(page, "trial")
    with page.expect_download() as coming:
        page.click("#take-protocol")
    taken = yaml.safe_load(Path(coming.value.path()).read_text(encoding="utf-8"))
    for name, content, said in (
        ("good.yaml", yaml.safe_dump({**taken, "arms": [{**arm, "size": 12} for arm in taken["arms"]]}), "24 people"),
        ("bad.yaml", "name: x\narms: 3\n", "Line 2"),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        before = int(page.get_attribute("body", "data-trial-serial"))
        page.set_input_files("#protocol-file", tmp_path / name)
        wait_answer(page, "trial", before)
        assert said in page.inner_text("#status") + page.inner_text("#fault-protocol"), name


def test_a_table_of_patients_is_checked_and_one_of_them_is_shown_under_a_plan(page, tmp_path):
    open_tab(page, "patients")
    bad = tmp_path / "bad.csv"
    bad.write_text('patient,time_h,endpoint,value\n1,0,MADRS,99\n1,1,MADRS,"3,5"\n', encoding="utf-8")
    page.set_input_files("#patients-file", bad)
    page.wait_for_selector("#patients-checked tbody tr >> nth=1", timeout=60_000)
    assert "row 2 (patient 1, column value)" in page.inner_text("#patients-checked")
    assert page.is_disabled("#patients-show") and "2 faults" in page.inner_text("#fault-patients")
    page.click("#patients-example")
    page.wait_for_selector("#patients-show:enabled", timeout=60_000)
    assert page.locator("#person option").count() == 40 and not page.inner_text("#fault-patients")
    page.click("#patients-show")
    page.wait_for_selector("#patients-shown .js-plotly-plot .scatterlayer path", state="attached", timeout=120_000)
    shown = page.inner_text("#patients-shown")
    assert "Patient 1: MADRS" in shown and "no further dose" in shown and "Not medical advice" in shown
    before = page.get_attribute("body", "data-patients-serial")
    page.fill("#plan", "unobtainium 3 mg iv")
    page.click("#patients-show")
    page.wait_for_selector(f"body:not([data-patients-serial='{before}'])", timeout=60_000)
    assert "unobtainium" in page.inner_text("#fault-plan")


def test_every_control_has_a_label_and_can_be_reached_by_keyboard(page):
    for tab in ("path", "trial", "drugs", "patients"):
        open_tab(page, tab)
        unlabelled = page.eval_on_selector_all(
            "input, select",
            "all => all.filter(each => !each.labels.length && !each.ariaLabel && each.offsetParent).map(each => each.id)",
        )
        assert unlabelled == []
    page.focus("#tab-drugs")
    page.keyboard.press("Home")
    assert page.get_attribute("#tab-path", "aria-selected") == "true"
    page.focus("#card-score .chart")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.text_content("#card-score .cursor") == "5 min"


def test_a_number_of_the_model_tells_its_source_when_the_keyboard_reaches_it(page):
    open_tab(page, "model")
    page.click("#model-circuit summary")
    known = page.locator("#model-circuit .known", has_text="glial_uptake").first
    known.focus()
    model = rs.load_model()
    tip = page.inner_text("#tip")
    assert model.constants["glial_uptake"].grade in tip
    assert f"{model.constants['glial_uptake'].value:g}" in tip


LINES = """() => [getComputedStyle(document.querySelector('#card-dose')).backgroundColor,
  [...document.querySelectorAll('.chart path[stroke]')].map((each) => {
    const style = getComputedStyle(each);
    return [style.stroke, Number(style.opacity) * Number(style.strokeOpacity)];
  })]"""
OUTSIDE = """(panel) => [...document.querySelectorAll(panel + ' .card')].flatMap((card) => {
  const around = card.getBoundingClientRect();
  return [...card.querySelectorAll('.main-svg, .chart > svg')].map((each) => each.getBoundingClientRect())
    .filter((each) => each.width && !card.querySelector('.wide')
      && (each.left < around.left || each.right > around.right + 0.5 || each.top < around.top || each.bottom > around.bottom + 0.5))
    .map((each) => [each.left, each.right, around.left, around.right, each.bottom, around.bottom]);
})"""
MARKED = """([field, value, badge]) => {
  const control = document.getElementById(field), start = performance.now();
  control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  const shown = document.getElementById(badge).checkVisibility();
  return [shown, performance.now() - start];
}"""


@pytest.mark.parametrize(
    ("tab", "field", "before", "after"),
    [
        ("trial", "seed", "1", "7"),
        ("trial", "amount", "0.5", "0.3"),
        ("drugs", "line1", "", "saline"),
        ("drugs", "glial", "75", "60"),
    ],
)
def test_a_change_marks_the_result_within_200_ms_and_one_click_runs_it_again(page, tab, field, before, after):
    open_tab(page, tab)
    drawn(page, tab)
    assert not page.is_visible(f"#stale-{tab}")
    start = page.input_value(f"#{field}")
    shown, first_ms = page.evaluate(MARKED, [field, after, f"stale-{tab}"])
    assert shown
    shown, _ = page.evaluate(MARKED, [field, start, f"stale-{tab}"])
    assert not shown  # back at what was run
    shown, second_ms = page.evaluate(MARKED, [field, after, f"stale-{tab}"])
    assert shown and min(first_ms, second_ms) < 200
    serial = int(page.get_attribute("body", f"data-{tab}-serial"))
    page.click(f"#rerun-{tab}")
    wait_answer(page, tab, serial)
    assert not page.is_visible(f"#stale-{tab}")


def test_known_limits_stand_below_the_numbers_of_each_tab(page):
    for tab in ("path", "trial", "drugs"):
        open_tab(page, tab)
        drawn(page, tab)
        assert "Spines and ratings have not been measured in the same subjects" in page.inner_text(f"#caveats-{tab}")


def test_a_code_of_evidence_opens_with_value_citation_and_doi(page):
    open_tab(page, "model")
    page.click("#model-circuit summary")
    page.locator("#model-circuit .code").first.click()
    page.wait_for_selector("#evidence-body dl", timeout=60_000)
    assert "source" in page.inner_text("#evidence-body")
    assert page.locator("#evidence-body a[href^='https://doi.org/10.']").count() >= 1
    page.click("#evidence-close")
    assert not page.is_visible("#evidence")


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(chromium, server, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 1000})
    opened = context.new_page()
    opened.goto(server[0])
    drawn(opened)
    for tab in ("path", "trial", "drugs", "patients", "model", "scoreboard"):
        open_tab(opened, tab)
        if tab in ("trial", "drugs"):
            drawn(opened, tab)
        elif tab in ("model", "scoreboard"):
            opened.wait_for_selector(f"#{tab}-body > *", timeout=60_000)
        faults = [
            each for each in Axe().run(opened).response["violations"] if each["impact"] in ("serious", "critical")
        ]
        assert [(each["id"], each["nodes"][0]["target"]) for each in faults] == [], tab
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_page_in_light_and_dark(chromium, server, scheme):
    context = chromium.new_context(color_scheme=scheme)
    opened = context.new_page()
    opened.goto(server[0])
    drawn(opened)
    for selector in ("body", ".sentence", ".legend small", ".notice", ".axis", ".field label"):
        assert contrast(opened, selector) >= 4.5, selector  # WCAG 2.2, 1.4.3
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_stand_out_from_their_cards_pinned_ones_too(chromium, server, scheme):
    context = chromium.new_context(color_scheme=scheme)
    opened = context.new_page()
    opened.goto(server[0])
    drawn(opened)
    opened.click("#pin")
    opened.wait_for_selector("#card-dose .legend .pinned")
    ground, lines = opened.evaluate(LINES)
    assert len({colour for colour, _ in lines}) == len(STAGES) + 1  # a colour for each stage, and that of the pinned
    assert [line for line in lines if mixed_contrast(*line, ground) < 3] == []  # WCAG 2.2, 1.4.11
    context.close()


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_charts_stay_within_their_cards_when_tabs_and_windows_change(chromium, server, width):
    context = chromium.new_context(viewport={"width": width, "height": 900})
    opened = context.new_page()
    opened.goto(server[0])
    drawn(opened)
    for tab in ("drugs", "trial"):
        open_tab(opened, tab)
        drawn(opened, tab)
        opened.wait_for_selector(f"#panel-{tab} .js-plotly-plot .main-svg")
    for tab, wide in (
        ("path", width),
        ("drugs", width),
        ("trial", width),
        ("trial", 700),
        ("drugs", 700),
        ("drugs", width),
    ):
        open_tab(opened, tab)
        opened.set_viewport_size({"width": wide, "height": 900})
        opened.wait_for_timeout(600)  # Plotly draws anew a moment after a window has changed
        assert opened.evaluate(OUTSIDE, f"#panel-{tab}") == [], (tab, wide)
    context.close()


@pytest.mark.parametrize("tab", ["path", "trial", "drugs", "figures", "patients", "model", "scoreboard"])
def test_a_phone_needs_no_sideways_scrolling(chromium, server, tab):
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    opened = context.new_page()
    opened.goto(server[0] + f"?tab={tab}")
    drawn(opened)
    opened.wait_for_timeout(1500)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_two_people_do_not_see_each_other(chromium, server):
    pages = []
    for glial in ("60", "95"):
        context = chromium.new_context()
        opened = context.new_page()
        opened.goto(server[0] + f"?glial={glial}")
        drawn(opened)
        pages.append(opened)
    assert [opened.input_value("#glial") for opened in pages] == ["60", "95"]
    assert pages[0].inner_text("#sentence-score") != pages[1].inner_text("#sentence-score")
    assert [opened.context.cookies() for opened in pages] == [[], []]
    for opened in pages:
        opened.context.close()


@pytest.mark.parametrize(
    ("tab", "code", "columns"),
    [
        ("trial", "resprout trial my_trial.yaml --replicates 20 --seed 1 --point", "arm,endpoint,"),
        ("drugs", "resprout patient 'ketamine 0.5 mg/kg iv over 40 min'", "regimen,"),
        ("model", "resprout describe --json", "stage,measured,"),
    ],
)
def test_code_table_and_picture_of_a_tab_are_taken_along(page, tab, code, columns):
    open_tab(page, tab)
    drawn(page, tab) if tab != "model" else page.wait_for_selector("#model-body table", timeout=60_000)
    page.click(f"[data-take=code][data-tab-of={tab}]")
    assert code in page.inner_text(f"#taken-{tab} pre")
    with page.expect_download() as coming:
        page.click(f"[data-take=csv][data-tab-of={tab}]")
    table = Path(coming.value.path()).read_text(encoding="utf-8")
    assert table.startswith(columns)
    assert len(table.splitlines()) > 5
    if tab == "model":
        return
    page.wait_for_timeout(500)  # the pictures are being drawn
    with page.expect_download() as coming:
        page.click(f"[data-take=svg][data-tab-of={tab}]")
    assert ET.parse(coming.value.path()).getroot().tag.endswith("svg")
