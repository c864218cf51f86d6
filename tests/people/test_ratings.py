"""Ratings: steps, ranges, swings of mood and selection."""

import numpy as np
import pytest

from resprout.language import load_model
from resprout.people.rating_items import expected_total, item_scores, items_of
from resprout.people.ratings import rate, screening_rater, within_subject_variation
from resprout.people.recall import recalled_hours, recalled_mean
from resprout.trial.expectation import attention

MODEL = load_model()
VALUES, SCALES = MODEL.nominal, MODEL.scales
ITEMS = items_of(MODEL)
RATIOS = ITEMS.ratios
PEOPLE = np.arange(20_000)


def visit_fall(visits_h, treated_h=()):
    """Points of HDRS17 that visits have brought up to each one, in people of average expectation."""
    attended = np.union1d(visits_h, treated_h)
    return attention(np.asarray(visits_h), attended, VALUES) * VALUES["expectation_points"]


@pytest.mark.parametrize("name", SCALES)
def test_a_rating_is_a_step_of_its_scale_within_its_range(name):
    scale = SCALES[name]
    true = np.linspace(scale.lowest - 5, scale.highest + 5, 500)[:, None]
    rated = rate(scale, true, np.zeros_like(true), 1, PEOPLE[:500], ["now"], MODEL)
    assert rated.min() >= scale.lowest and rated.max() <= scale.highest
    assert np.array_equal(rated, np.round(rated))


def test_ratings_are_right_on_average():
    true = np.full((20_000, 1), 24.0)
    rated = rate(SCALES["HDRS17"], true, within_subject_variation(1, PEOPLE, [0.0], VALUES), 1, PEOPLE, ["now"], MODEL)
    assert rated.mean() == pytest.approx(24, abs=4 * rated.std() / np.sqrt(20_000))


def test_swings_keep_their_size_and_are_forgotten_with_time():
    variation = within_subject_variation(1, PEOPLE, [0.0, 1.0, 72.0, 2000.0], VALUES)
    kept = [np.corrcoef(variation[:, 0], variation[:, index])[0, 1] for index in (1, 2, 3)]
    assert variation.std(axis=0) == pytest.approx(np.ones(4), abs=0.03)
    # four standard errors of a correlation in 20,000 people
    assert kept[0] > 0.95 and 0.01 < kept[1] < 0.6 and abs(kept[2]) < 0.03


def test_people_selected_at_a_bad_hour_look_better_later_without_treatment():
    true = np.full(20_000, 18.0)
    first = screening_rater(MODEL)("HDRS17", true, PEOPLE, 1)
    chosen = PEOPLE[first >= 20]
    variation = within_subject_variation(1, chosen, [-168.0, 0.0], VALUES)[:, 1:]
    later = rate(SCALES["HDRS17"], true[chosen][:, None], variation, 1, chosen, ["baseline"], MODEL)
    # they come back part of the way to 18: lasting profiles stay, moods and misjudgements do not
    assert 18 < later.mean() < first[chosen].mean() - 1


def test_coming_for_treatment_counts_as_a_visit():
    alone = visit_fall([0.0, 168.0, 336.0])
    also = visit_fall([0.0, 168.0, 336.0], treated_h=[0.0, 84.0, 168.0])
    assert also[0] == 0 and (also[1:] > alone[1:]).all() and also[1] < 1.5 * alone[1]


@pytest.mark.parametrize("name", [name for name, scale in SCALES.items() if scale.groups])
def test_the_expected_item_total_is_the_models_score_to_within_a_point(name):
    scale, ratio = SCALES[name], RATIOS.get(name, 1.0)
    # to 40 points of HDRS17, or as far as the form can go; nobody in the ill population is above
    highest = min(40.0, (scale.highest - 0.2) / ratio) if scale.mood else min(scale.lowest + 25, scale.highest - 1)
    true = np.linspace(scale.lowest, highest, 60)
    assert expected_total(scale, true, MODEL) == pytest.approx(true * ratio, abs=1.0)


@pytest.mark.parametrize(("name", "severity"), [("HDRS17", 24.0), ("HDRS25", 10.0), ("MADRS", 25.0), ("CADSS", 12.0)])
def test_raters_write_down_on_average_what_is_expected(name, severity):
    scores = item_scores(SCALES[name], np.full((4000, 1), severity), MODEL, 1, PEOPLE[:4000], ["now"])
    total = SCALES[name].lowest + scores.sum(axis=2)
    expected = expected_total(SCALES[name], np.array([severity]), MODEL)[0]
    # four standard errors of 4,000 ratings
    assert total.mean() == pytest.approx(expected, abs=4 * total.std() / np.sqrt(4000))


def test_forms_of_one_scale_share_their_items():
    severity = np.full((300, 1), 22.0)
    short, long = (
        item_scores(SCALES[name], severity, MODEL, 1, PEOPLE[:300], ["now"]) for name in ("HDRS17", "HDRS25")
    )
    places = [
        [item.name for item in ITEMS.of(SCALES["HDRS25"])].index(item.name) for item in ITEMS.of(SCALES["HDRS17"])
    ]
    assert np.array_equal(short, long[:, :, places])


def test_scales_have_the_ranges_of_their_items():
    for scale in SCALES.values():
        if not scale.rater_error:
            assert scale.highest - scale.lowest == sum(item.highest for item in ITEMS.of(scale))


def test_madrs_is_about_twice_as_precise_as_hdrs17():
    # Carmody 2006: about twice the precision in estimating depression at average severity
    severity = np.full((6000, 2), 20.0)
    noise = {}
    for name in ("HDRS17", "MADRS"):
        total = item_scores(SCALES[name], severity, MODEL, 1, PEOPLE[:6000], ["a", "b"]).sum(axis=2)
        noise[name] = (total[:, 0] - total[:, 1]).std() / RATIOS[name]
    assert 1.4 < (noise["HDRS17"] / noise["MADRS"]) ** 2 < 3.0


def test_half_of_severe_patients_want_to_die_more_than_fleetingly():
    # Larkin 2011: item 3.9 (SEM 0.4) where MADRS is 40.4, in people who came for thoughts of suicide
    scores = item_scores(SCALES["MADRS_suicidality"], np.full((4000, 1), 40.4 / 1.3), MODEL, 1, PEOPLE[:4000], ["now"])
    assert 2.5 < scores.mean() < 4.3


def test_each_visit_brings_a_little_and_the_first_nothing():
    # Posternak & Zimmerman 2007: an added visit lowers HRSD by 0.86 points at week 3 and by 0.67 at week 5
    far = visit_fall([0.0, 504.0])[1]
    assert far == pytest.approx(0.86 * (1 - np.exp(-3)), rel=1e-6)
    late = visit_fall([0.0, 1e-9, 840.0])
    assert (late[2] - late[1]) / (1 - np.exp(-5)) == pytest.approx(0.67, abs=0.005)


def test_the_threshold_of_an_item_changes_what_is_written_down():
    severity = np.full((2000, 1), 24.0)
    never = MODEL.with_parameters({"HDRS_10_threshold_4": 30.0})
    scores = {
        name: item_scores(SCALES["HDRS17"], severity, model, 1, PEOPLE[:2000], ["now"])
        for name, model in (("as shipped", MODEL), ("never 4", never))
    }
    place = [item.name for item in ITEMS.of(SCALES["HDRS17"])].index("HDRS_10")
    assert (scores["as shipped"][:, 0, place] == 4).any() and not (scores["never 4"][:, 0, place] == 4).any()


def test_a_lasting_profile_of_items_can_be_set_as_well():
    severity = np.full((2000, 1), 24.0)
    wide = MODEL.with_parameters({"profile_suicidality": 3.0})
    spread = [
        item_scores(SCALES["MADRS_suicidality"], severity, model, 1, PEOPLE[:2000], ["now"]).std()
        for model in (MODEL, wide)
    ]
    assert spread[1] > 1.3 * spread[0]


def test_a_reading_errs_by_what_the_table_says():
    read = rate(SCALES["SBP"], np.full((20_000, 1), 120.0), np.zeros((20_000, 1)), 1, PEOPLE, ["now"], MODEL)
    assert read.std() == pytest.approx(VALUES["rater_blood_pressure"], rel=0.03)


def test_a_self_rating_follows_hdrs17_with_an_error_of_its_own():
    severity, still = np.full((6000, 2), 20.0), np.zeros((6000, 2))
    told = rate(SCALES["QIDS_SR16"], severity, still, 1, PEOPLE[:6000], ["a", "b"], MODEL)
    # Rush 2003: HDRS17 is roughly 1.3 times QIDS-SR16; four standard errors of 12,000 ratings
    assert told.mean() == pytest.approx(20 / 1.3, abs=0.1)
    # Cronbach's alpha of .86 where the SD is 5.8 points; ratings are whole points, which adds a twelfth to the variance
    assert told.std() == pytest.approx(np.sqrt(5.8**2 * 0.14 + 1 / 12), abs=0.1)
    assert abs(np.corrcoef(told[:, 0], told[:, 1])[0, 1]) < 0.05
    swinging = rate(SCALES["QIDS_SR16"], severity, np.ones((6000, 2)), 1, PEOPLE[:6000], ["a", "b"], MODEL)
    assert swinging.mean() > told.mean() + 1
    assert told.min() >= 0 and told.max() <= 27 and (told == np.round(told)).all()


def test_a_self_rating_is_the_mean_of_the_days_that_it_asks_about():
    # relief by ten points at once, a week before the visit: of two weeks the second half, of seven days all
    hours, relieved = np.array([0.0, 84.0, 167.9, 168.0, 168.1, 252.0, 336.0]), 168.0
    score = np.where(hours < relieved, 20.0, 10.0)

    def rated(scale):
        covered = recalled_hours(scale, [336.0], 0.0, VALUES)
        return recalled_mean(score[np.searchsorted(hours, covered)])

    assert rated("BDI_II") == pytest.approx(14.0, abs=1.3)  # 15 but for the moment of relief, which counts as relieved
    assert recalled_hours("QIDS_SR16", [336.0], 0.0, VALUES)[0] == pytest.approx([168, 210, 252, 294, 336])
    assert recalled_hours("MADRS", [336.0], 0.0, VALUES).tolist() == [[336.0]]
    # nothing is known before the first hour
    assert recalled_hours("PHQ9", [84.0], 0.0, VALUES)[0].tolist() == [0.0, 0.0, 0.0, 0.0, 84.0]


def test_BDI_II_lies_where_it_was_linked_to_HDRS17():
    # Furukawa 2019: 13, 32 and 50 points at 10, 20 and 30 of HDRS17
    for severity, points, far in ((10.0, 13, 3.5), (20.0, 32, 0.5), (30.0, 50, 2.5)):
        told = rate(SCALES["BDI_II"], np.full((8000, 1), severity), np.zeros((8000, 1)), 1, PEOPLE[:8000], ["a"], MODEL)
        assert told.mean() == pytest.approx(points, abs=far)


def test_PHQ9_has_the_published_standard_error_of_measurement_over_a_week():
    some = PEOPLE[:8000]
    covered = recalled_hours("PHQ9", [336.0, 504.0], 0.0, VALUES)
    hours = np.unique(covered)
    days = recalled_mean(within_subject_variation(1, some, hours, VALUES)[:, np.searchsorted(hours, covered)])
    told = rate(SCALES["PHQ9"], np.full((8000, 2), 20.0), days, 1, some, ["a", "b"], MODEL)
    # Loewe 2004: two standard errors of measurement are 5 points; 0.1 is six standard errors of the difference of 8,000 pairs
    assert (told[:, 0] - told[:, 1]).std() / np.sqrt(2) == pytest.approx(2.5, abs=0.1)
    assert told.min() >= 0 and told.max() <= 27 and (told == np.round(told)).all()
    # Cameron 2011: PHQ-9 of 15 separates best at the cut-off of moderate depression of NICE, HDRS17 of 19
    nineteen = rate(SCALES["PHQ9"], np.full((8000, 1), 19.0), np.zeros((8000, 1)), 1, some, ["a"], MODEL)
    assert nineteen.mean() == pytest.approx(15, abs=1)
