"""Drugs are instances of one template under their own names; what is wrong with their tables is told, all at once."""

import re
import shutil

import numpy as np
import pytest

import resprout as rs
from resprout.errors import InputError, ModelError
from resprout.language import load_model, shipped_folder
from resprout.language.drug_instances import library_drugs, with_drugs

MODEL = load_model()
FOUR = (
    "ketamine 0.5 mg/kg iv over 40 min + escitalopram 10 mg oral; every 24 h x 3 + lithium 900 mg oral; every 24 h x 3 "
    "+ midazolam 2 mg iv"
)


def brain_of(regimen, name, people=2, **changed):
    run = rs.simulate(MODEL, people, regimen, days=1, outputs=[name], **changed)
    return run[name].to_numpy()


def test_a_drug_of_a_scenario_brings_every_quantity_under_its_own_name():
    chain = with_drugs(MODEL, ["escitalopram"])
    assert {"escitalopram_central", "escitalopram_brain", "escitalopram_plasma"} <= set(chain.equations)
    assert chain.constants["escitalopram_SERT_Kd"] is MODEL.constants["escitalopram_SERT_Kd"]
    assert not [name for name in chain.equations if re.match(r"drug\d*_", name)]


def test_no_equation_of_a_stage_file_names_a_drug():
    names = {*library_drugs(MODEL), "norketamine", "hydroxynorketamine"}
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(shipped_folder().glob("[2345]_*.ant")))
    code = "\n".join(line.partition("//")[0] for line in text.splitlines())
    assert [name for name in names if re.search(rf"\b{name}_", code)] == []


def test_four_drugs_run_together_and_each_has_its_level():
    levels = [f"{drug}_plasma" for drug in ("escitalopram", "lithium", "midazolam")]
    run = rs.simulate(MODEL, 2, FOUR, days=3, outputs=[*levels, "ketamine_venous"])
    assert all(float(run[name].max()) > 0 for name in [*levels, "ketamine_venous"])


def test_a_second_drug_changes_the_level_of_the_first_only_through_CYP2D6():
    alone = brain_of("escitalopram 10 mg oral", "escitalopram_brain")
    both = brain_of("escitalopram 10 mg oral + lithium 900 mg oral", "escitalopram_brain")
    np.testing.assert_allclose(both, alone, rtol=1e-4, atol=1e-8)  # tolerance of a step
    slowed = brain_of("dextromethorphan 45 mg oral + bupropion 105 mg oral", "dextromethorphan_brain")
    usual = brain_of("dextromethorphan 45 mg oral", "dextromethorphan_brain")
    assert slowed[:, -1].mean() > 1.5 * usual[:, -1].mean()


def test_a_dissociation_constant_that_is_set_changes_the_result():
    regimen = "scopolamine 0.004 mg/kg iv over 15 min"
    blocked, spared = (
        brain_of(regimen, "M1_under_drugs", overrides=changed) for changed in ({}, {"scopolamine_M1_Kd": 1000.0})
    )
    assert blocked.min() < 0.5
    assert spared.min() > 0.99


@pytest.mark.parametrize(
    ("regimen", "name", "says"),
    [
        ("ketamine 0.5 mg/kg iv", "scopolamine_M1_Kd", "this regimen gives no scopolamine"),
        ("scopolamine 4 ug/kg iv", "scopolamine_M1_affinity", "Did you mean"),
        ("midazolam 2 mg iv", "escitalopram_SERT_Kd", "this regimen gives no escitalopram"),
    ],
)
def test_a_setting_that_nothing_would_read_is_refused(regimen, name, says):
    with pytest.raises(InputError, match=says):
        rs.simulate(MODEL, 1, regimen, days=1, outputs=["HDRS17"], overrides={name: 1.0})


def test_posterior_draws_of_a_drug_reach_its_equations():
    people = rs.recruit(12, seed=2, uncertain=True)
    run = rs.simulate(
        MODEL,
        people,
        "lanicemine 100 mg iv over 60 min",
        days=2,
        outputs=rs.Output(["lanicemine_brain", "lanicemine_concentration"], [1.0]),
    )
    late = run.sel(time_h=48.0)
    ratio = (late["lanicemine_brain"] / late["lanicemine_concentration"]).to_numpy()
    drawn = people.constants["lanicemine_brain_partition"]
    assert np.ptp(drawn) > 0.05
    assert np.corrcoef(ratio, drawn)[0, 1] > 0.99


NEW_DRUG = """drug	target	property	value	unit	source	grade	evidence	meaning
newdrug		molar_mass	250	g_per_mol		assumed		molar mass
newdrug		clearance	40	L_per_h		assumed		clearance
newdrug		central_volume	120	litre		assumed		central volume
newdrug	NMDA	Kd	2	uM		assumed		unbinding over binding rate
newdrug	NMDA	Emax	1	dimensionless		assumed		blocks the open channel
"""


def test_a_drug_of_a_file_needs_no_checkout(tmp_path):
    file = tmp_path / "newdrug.tsv"
    file.write_text(NEW_DRUG, encoding="utf-8")
    model = load_model(drugs=[file])
    run = rs.simulate(model, 2, "newdrug 30 mg iv over 40 min", days=1, outputs=["newdrug_brain", "PV_NMDA_block"])
    assert float(run["newdrug_brain"].max()) > 0.01
    assert float(run["PV_NMDA_block"].max()) > 0.01
    assert "newdrug_NMDA_Kd" not in MODEL.constants


WRONG_FILES = [
    ("molar_mass", "molar_mas", "molar_mass"),
    ("clearance	40", "clearance	fast", "no number"),
    ("L_per_h", "L_per_day", "L_per_h"),
    ("NMDA	Kd", "NMDAR	Kd", "NMDA"),
    ("NMDA	Kd", "NMDA	kd", "Kd"),
    ("central_volume	120", "central_volume	-120", "from 0.001"),
    ("assumed		molar mass", "guessed		molar mass", "assumed"),
    ("newdrug		molar_mass", "ketamine		molar_mass", "already"),
    ("Emax	1", "Emax	2", "from 0"),
    ("newdrug		molar_mass", "drug1		molar_mass", "reserved"),
    ("newdrug		molar_mass", "new drug		molar_mass", "drug `new drug`"),
    ("newdrug		molar_mass", "		molar_mass", "no drug is given"),
    ("clearance	40", "clearance	", "no value is given"),
    ("L_per_h		assumed", "L_per_h		measured", "without a source"),
    ("L_per_h		assumed", "L_per_h	bcp13164	measured", "Did you mean `bcp13163`?"),
    ("clearance	40", "molar_mass	40", "given twice"),
    ("assumed		clearance", "assumed		", "no meaning"),
    ("assumed		clearance", "assumed	clearance", "8 cells"),
    ("property	value", "propperty	value", "Did you mean `property`?"),
]


@pytest.mark.parametrize(("right", "wrong", "told"), WRONG_FILES)
def test_a_faulty_drug_file_is_refused_with_its_line(tmp_path, right, wrong, told):
    file = tmp_path / "newdrug.tsv"
    file.write_text(NEW_DRUG.replace(right, wrong), encoding="utf-8")
    line = NEW_DRUG[: NEW_DRUG.index(right)].count("\n") + 1
    with pytest.raises(ModelError, match=re.escape(told)) as caught:
        load_model(drugs=[file])
    assert any(fault.where == f"newdrug.tsv:{line}" for fault in caught.value.faults)


def test_a_value_of_a_drug_file_may_come_from_a_paper_that_the_package_does_not_cite(tmp_path):
    file = tmp_path / "newdrug.tsv"
    file.write_text(
        NEW_DRUG.replace("L_per_h		assumed", "L_per_h	doi:10.1111/abc.123 bcp13163	measured"),
        encoding="utf-8",
    )
    assert load_model(drugs=[file]).constants["newdrug_clearance"].grade == "measured"


def test_every_fault_of_a_drug_file_is_told_at_once_with_its_column(tmp_path):
    file = tmp_path / "newdrug.tsv"
    text = NEW_DRUG
    for right, wrong in (
        ("newdrug		molar_mass", "ketamine		molar_mass"),
        ("L_per_h", "mL_per_h"),
        ("Emax	1", "Emax	2"),
    ):
        text = text.replace(right, wrong)
    file.write_text(text.replace("120	litre		assumed", "0	litre		gessed"), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_model(drugs=[file])
    found = {(fault.where.partition(":")[2], fault.field) for fault in caught.value.faults}
    assert found == {("2", "drug"), ("3", "unit"), ("4", "grade"), ("4", "value"), ("6", "value")}


def test_a_row_that_stands_in_two_drug_files_is_refused(tmp_path):
    for name in ("one.tsv", "two.tsv"):
        (tmp_path / name).write_text(NEW_DRUG, encoding="utf-8")
    with pytest.raises(ModelError, match=r"two.tsv:2.*given twice.*one.tsv:2"):
        load_model(drugs=[tmp_path / "one.tsv", tmp_path / "two.tsv"])


MUTATIONS = [
    ("drugs.tsv", "midazolam\tclearance\t", "midazolam\tclearence\t", "Did you mean `clearance`?"),
    ("drugs.tsv", "midazolam\tclearance\t18\tL_per_h", "midazolam\tclearance\t18\tmL_per_h", "Expected L_per_h"),
    ("drugs.tsv", "midazolam\tclearance\t18", "midazolam\tclearance\t-18", "Expected from 0"),
    ("drugs.tsv", "midazolam\tclearance\t18", "midazolam\tclearance\tnan", "finite"),
    ("drugs.tsv", "midazolam\tunbound_share\t0.06", "midazolam\tunbound_share\t6", "to 1"),
    ("drugs.tsv", "midazolam\tgut_bioavailability\t0.44", "midazolam\tgut_bioavailability\t44", "to 1"),
    ("drugs.tsv", "bcp13163\tfitted\tPB120", "bcp13164\tfitted\tPB120", "Did you mean `bcp13163`?"),
    ("drugs.tsv", "\tfitted\tPB120", "\tfited\tPB120", "Did you mean `fitted`?"),
    ("drugs.tsv", "HNK\tmolar_mass", "ketamine\tmolar_mass", "given twice"),
    ("targets.tsv", "escitalopram\tSERT\tKd", "escitalopram\tSERT\taffinity", "no property"),
    ("targets.tsv", "escitalopram\tSERT\tKd", "escitalopram\tSRET\tKd", "Did you mean `SERT`?"),
    ("targets.tsv", "escitalopram\tSERT\tKd", "escitalopran\tSERT\tKd", "Did you mean `escitalopram`?"),
    ("targets.tsv", "scopolamine\tM1\tKd\t0.0007\tuM", "scopolamine\tM1\tKd\t0.0007\tnM", "Expected uM"),
    ("targets.tsv", "scopolamine\tM1\tKd\t0.0007", "scopolamine\tM1\tKd\t0", "Expected from"),
    ("targets.tsv", "scopolamine\tM1\tEmax\t-1", "scopolamine\tM1\tEmax\t-1.5", "Expected from -1"),
    ("targets.tsv", "scopolamine\tM1\tEmax\t-1", "scopolamine\tM1\tEmax\t", "no number"),
    ("molecules.tsv", "deep_tissue", "deep_tisue", "Did you mean `deep_tissue`?"),
    ("molecules.tsv", "\trelease\t", "\treleas\t", "Did you mean `release`?"),
    ("molecules.tsv", "\tS_ketamine\t", "\tS_ketamin\t", "Did you mean `S_ketamine`?"),
    ("molecules.tsv", "library\tdosing", "libary\tdosing", "no row for `library`"),
    ("molecules.tsv", "R_norketamine\t", "S_norketamine\t", "given twice"),
    ("molecules.tsv", "hydroxynorketamine\ttargets", "drug7\ttargets", "reserved"),
    ("molecules.tsv", "venous_sampling\t\t\tboth enantiomers together, as", "\t\t\tas", "no sections is given"),
    ("bindings.tsv", "ketamine_central_volume\tlitre", "ketamine_central_volume\tliter", "Did you mean `litre`?"),
    ("bindings.tsv", "S_ketamine_central_volume\tketamine", "S ketamine\tketamine", "name `S ketamine`"),
    ("bindings.tsv", "\tketamine_central_volume\tlitre", "\t\tlitre", "no formula is given"),
    ("bindings.tsv", "R_norketamine_clearance\t", "S_norketamine_clearance\t", "given twice"),
    ("bindings.tsv", "ketamine_central_volume\tlitre", "ketamine_central_volum\tlitre", "ketamine_central_volume"),
    ("drug_targets.tsv", "target\thalf_point", "target\thalfpoint", "header"),
    ("drug_targets.tsv", "SERT\tKd", "SRET\tKd", "Did you mean `SERT`?"),
    ("drug_targets.tsv", "SERT\tKd", "SERT\tKD", "Did you mean `Kd`?"),
    ("drug_targets.tsv", "SERT\tKd", "SERT\tEC50", "no `EC50` at SERT"),
    ("drug_targets.tsv", "SERT\tKd", "M1\tKd", "given twice"),
    ("drug_properties.tsv", "clearance\t10\tL_per_h", "clearance\t10\tL_perh", "Did you mean `L_per_h`?"),
    ("drug_properties.tsv", "clearance\t10\t", "clearance\tten\t", "`ten` is no number"),
    ("drug_properties.tsv", "clearance\t10\t", "clearance\t\t", "no default is given"),
    ("drug_properties.tsv", "clearance\t10\t", "clearance\t-10\t", "Expected from 0 to 10000"),
    ("drug_properties.tsv", "constant\t1\t1000000.0", "constant\t1e7\t1000000.0", "Expected at most 1000000.0"),
    ("drug_properties.tsv", "constant\t1\t1000000.0", "constnat\t1\t1000000.0", "Did you mean `constant`?"),
    ("drug_properties.tsv", "mTORC1\thill", "mTORC1\tIC50", "given twice"),
    ("drug_properties.tsv", "default\tunit", "defalt\tunit", "header"),
    ("drug.ant", "drug_tissue_flow", "drug_tissue_flo", "defined nowhere"),
    ("drug.ant", "PV_GluN2B_taken += ", "PV_GluN2B_takn += ", "Did you mean `PV_GluN2B_taken`?"),
    ("drug.ant", "// [uM] drug in plasma", "", "no unit and meaning"),
    ("drugs.tsv", "midazolam\tclearance\t18\tL_per_h", "midazolam\tclearance\t18\t", "no unit"),
    ("drugs.tsv", "midazolam\tmolar_mass", "drug2\tmolar_mass", "reserved"),
    ("drugs.tsv", "midazolam\tmolar_mass", "\tmolar_mass", "no drug is given"),
    ("drugs.tsv", "midazolam\tclearance", "midazolam\t", "no property is given"),
    ("targets.tsv", "escitalopram\tSERT\tKd", "escitalopram\t\tKd", "no target is given"),
    ("targets.tsv", "drug\ttarget", "drug\ttaget", "Did you mean `target`?"),
]


@pytest.mark.parametrize(("file", "right", "wrong", "told"), MUTATIONS, ids=lambda value: value[:40])
def test_a_mistake_in_a_table_of_drugs_does_not_load(tmp_path, file, right, wrong, told):
    folder = tmp_path / "model"
    shutil.copytree(shipped_folder(), folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert right in text
    (folder / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ModelError, match=re.escape(told)) as caught:
        load_model(folder)
    assert any(re.match(rf"{re.escape(file)}(:\d+)?$", fault.where) for fault in caught.value.faults)
    assert load_model().digest == MODEL.digest


def test_every_fault_of_every_table_is_told_at_once(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(shipped_folder(), folder)
    for file, right, wrong, _ in (MUTATIONS[0], MUTATIONS[2], MUTATIONS[10], MUTATIONS[16]):
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert len(caught.value.faults) >= 3
