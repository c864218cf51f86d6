"""The drawn population against the published samples it is made from."""

import numpy as np
import pandas as pd
import pytest

from resprout.errors import InputError
from resprout.language import load_model
from resprout.people.cohort import recruit
from resprout.people.covariates import CYP2B6_factor, covariate_constants, draw_covariates, genotype_named

VALUES = load_model().nominal
MANY = np.arange(40_000)


@pytest.fixture(scope="module")
def drawn():
    return draw_covariates(1, MANY, "mdd", VALUES)


@pytest.fixture(scope="module")
def people(drawn):
    return pd.DataFrame(drawn)


def test_the_Met_allele_is_as_frequent_as_in_the_genotyped_sample(people):
    # Laje 2012, Fig 4B of the review: (19 + 2 x 2) / 124 alleles; four standard errors of 80,000 alleles
    met = people["genotype"].map({"Val/Val": 0, "Val/Met": 1, "Met/Met": 2}).sum() / (2 * len(people))
    assert met == pytest.approx(23 / 124, abs=4 * np.sqrt(0.185 * 0.815 / 80_000))


def test_genotypes_are_in_Hardy_Weinberg_proportions_within_an_ancestry(people):
    european = people.loc[people["ancestry"] == "european", "genotype"]
    share = european.value_counts(normalize=True)
    met = share["Met/Met"] + share["Val/Met"] / 2
    assert share["Met/Met"] == pytest.approx(met**2, abs=0.004)


def test_ages_and_sexes_are_those_of_treatment_resistant_depression(people):
    # Zarate 2006: 46.7 (SD 11.2) years, 66.7 % women; cutting at 18 and 90 narrows the spread a little
    assert people["age"].mean() == pytest.approx(46.7, abs=0.5)
    assert people["age"].std() == pytest.approx(11.2, abs=1.0)
    assert (people["sex"] == "female").mean() == pytest.approx(0.667, abs=0.01)


def test_the_depressed_lack_glial_uptake_and_bear_stress_and_the_healthy_do_neither(people):
    healthy = draw_covariates(1, MANY[:100], "healthy", VALUES)
    # Ongur 1998: glial number falls by 24 % in familial major depression
    # 24 % of glia are lost (HB040); the fit moves the ends of the range by up to three points
    assert people["glial_uptake"].mean() == pytest.approx(0.76, abs=0.03)
    assert (people["glial_uptake"] < 1).all() and (people["stress"] > 0).all()
    assert (healthy["glial_uptake"] == 1).all() and (healthy["stress"] == 0).all()


def test_who_has_failed_treatments_or_is_in_a_crisis_bears_more_stress_and_is_otherwise_the_same(drawn):
    resistant = draw_covariates(1, MANY[:500], "mdd", VALUES, resistant=True)
    crisis = draw_covariates(1, MANY[:500], "mdd", VALUES, crisis=True)
    for found, name in ((resistant, "stress_resistant"), (crisis, "stress_crisis")):
        assert VALUES[name] > 1
        np.testing.assert_allclose(found["stress"], VALUES[name] * drawn["stress"][:500], rtol=1e-12)
        assert all((found[other] == drawn[other][:500]).all() for other in drawn if other != "stress")
    assert (draw_covariates(1, MANY[:9], "healthy", VALUES, resistant=True, crisis=True)["stress"] == 0).all()


def test_Met_carriers_release_less_BDNF(drawn):
    released = covariate_constants(drawn, VALUES)["BDNF_release_factor"]
    by = [released[drawn["genotype"] == name].mean() for name in ("Val/Val", "Val/Met", "Met/Met")]
    assert by[0] == 1 and by[0] > by[1] > by[2]


def test_slow_metabolisers_clear_less(drawn):
    factor = CYP2B6_factor(drawn, VALUES)
    assert factor[drawn["CYP2B6"] == "slow"].max() < factor[drawn["CYP2B6"] == "normal"].min()


def test_weight_follows_height_and_body_mass_index(people):
    implied = people["weight_kg"] / (people["height_cm"] / 100) ** 2
    assert np.allclose(people["BMI"], implied, rtol=0.01)  # both are rounded
    correlated = people[["weight_kg", "height_cm", "age"]].corr()["weight_kg"]
    assert correlated["height_cm"] > 0.3 and correlated["age"] > 0.02
    assert people.loc[people["sex"] == "male", "weight_kg"].median() == pytest.approx(82, abs=1)


def test_east_asian_people_carry_met_and_slow_alleles_as_published():
    from resprout.people import covariates

    ancestry = np.full(MANY.size, "east_asian")
    met = np.char.count(covariates._genotype(1, MANY, ancestry, VALUES).astype(str), "Met").mean() / 2
    slow = covariates._CYP2B6(1, MANY, ancestry, VALUES)
    # Pivac 2009: 46.3 % of Korean alleles; Pharm Res 2006;23:1983: *6 has 18.4 % of Han alleles
    assert met == pytest.approx(0.463, abs=0.01)
    copies = np.select([slow == "slow", slow == "intermediate"], [2, 1], 0)
    assert copies.mean() / 2 == pytest.approx(0.184, abs=0.01)


def test_only_people_with_bipolar_disorder_take_mood_stabilisers():
    bipolar = draw_covariates(1, MANY[:2000], "bipolar", VALUES)
    assert set(bipolar["comedication"]) == {"lithium", "valproate"}
    blocked = covariate_constants(bipolar, VALUES)["GSK3_block"]
    assert (blocked > 0).mean() == pytest.approx((bipolar["comedication"] == "lithium").mean())
    assert "GSK3_block" not in covariate_constants(draw_covariates(1, MANY[:100], "mdd", VALUES), VALUES)


def test_a_genotype_given_to_everybody_changes_nothing_else(drawn):
    forced = draw_covariates(1, MANY, "mdd", VALUES, "Met/Met")
    assert (forced["genotype"] == "Met/Met").all()
    assert all(np.array_equal(forced[name], drawn[name]) for name in drawn if name != "genotype")


@pytest.mark.parametrize("text", ["val/met", "Met/Val", " VAL/MET "])
def test_a_genotype_is_read_in_any_case_and_order(text):
    assert genotype_named(text) == "Val/Met"


@pytest.mark.parametrize("text", ["val", "val/val/val", "", "ala/met"])
def test_what_is_no_genotype_is_refused(text):
    with pytest.raises(InputError, match="no rs6265 genotype"):
        genotype_named(text)


def test_responsiveness_falls_with_age_by_the_standard_deviations_that_the_table_says():
    model = load_model().with_parameters({"responsiveness_by_age": 0.05})
    old = recruit(300, seed=3, model=model, entry="age 70-90")
    same = recruit(300, seed=3, model=model.with_parameters({"responsiveness_by_age": 0.0}), entry="age 70-90")
    shared, first, second = np.intersect1d(old.candidate, same.candidate, return_indices=True)
    assert len(shared) > 100
    older = old.columns["age"][first] - model.nominal["age_mean"]
    for name, sign in (("mTORC1_half_point", 1), ("monoamines_on_protein", -1)):
        word, _, size = model.constants[name].spread.partition(" ")
        with_age, without = old.constants[name][first], same.constants[name][second]
        log_sd = np.sqrt(np.log1p(float(size) ** 2))
        assert word in ("cv", "margin")
        ratio = (with_age - 1) / (without - 1) if word == "margin" else with_age / without
        assert np.log(ratio) == pytest.approx(sign * 0.05 * older * log_sd, rel=1e-6)
