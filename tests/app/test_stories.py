"""The four stories of the documentation: every command runs in the order of the page, and what the page says of its output holds."""

import json
import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

PNG = b"\x89PNG"
STORIES = Path(__file__).parents[2] / "docs" / "stories"


def commands(story):
    """The command lines of a story."""
    for block in re.findall(r"```bash\n(.*?)```", (STORIES / f"{story}.md").read_text(encoding="utf-8"), re.DOTALL):
        yield from (shlex.split(line)[1:] for line in block.splitlines())


@pytest.fixture
def told(resprout, tmp_path):
    """Run a story in an empty folder: what each command prints, in order."""

    def run(story):
        outputs = []
        for words in commands(story):
            code, out, err = resprout(*words)
            assert code == 0, f"{words}: {err}"
            outputs.append(out)
        return outputs

    return run


def test_every_story_of_the_documentation_is_tested():
    assert sorted(path.stem for path in STORIES.glob("*.md")) == [
        "clinician",
        "neuroscientist",
        "pharmacometrician",
        "statistician",
    ]


@pytest.mark.slow
def test_the_story_of_a_clinician(told, tmp_path):
    patient, checked, forecast = told("clinician")
    assert "score: HDRS-17 falls from" in re.sub(r"\s+", " ", patient)
    assert "Known limits of these numbers" in patient
    assert "Not medical advice" in checked
    plans = json.loads(forecast[forecast.index("{") :])
    assert "remission" in json.dumps(plans)
    assert (tmp_path / "forecast.png").read_bytes().startswith(PNG)


@pytest.mark.slow
def test_the_story_of_a_pharmacometrician(told, tmp_path):
    told("pharmacometrician")
    levels = pd.read_csv(tmp_path / "levels.csv")
    assert {"ketamine_venous", "ketamine_brain"} == set(levels["endpoint"])
    assert json.loads((tmp_path / "levels.csv-metadata.json").read_text(encoding="utf-8"))
    assert (tmp_path / "exposure.png").read_bytes().startswith(PNG)
    assert "$ESTIMATION" in (tmp_path / "my_clinic" / "model.ctl").read_text(encoding="utf-8")
    assert ET.parse(tmp_path / "resprout.xml").getroot().tag.endswith("}sbml")


@pytest.mark.slow
def test_the_story_of_a_neuroscientist(told, tmp_path):
    told("neuroscientist")
    change = {}
    for name in ("free", "blocked"):
        table = pd.read_csv(tmp_path / f"{name}.csv")
        mean = table[table["statistic"] == "mean"]
        for output in ("BDNF_release", "spine_density"):
            values = mean[mean["endpoint"] == output].sort_values("time_h")["value"].to_numpy()
            change[name, output] = (values.max() - values[0]) / values[0]
    # as in rodents (Li et al. 2010): without mTORC1 no spines; BDNF lies above it
    assert change["blocked", "spine_density"] < 0.5 * change["free", "spine_density"]
    assert change["blocked", "BDNF_release"] == pytest.approx(change["free", "BDNF_release"], rel=0.3)
    assert (tmp_path / "synapse.png").read_bytes().startswith(PNG)


@pytest.mark.slow
def test_the_story_of_a_trial_statistician(told, tmp_path):
    trial, grid = told("statistician")
    assert "published" in trial.lower()
    power = pd.read_csv(tmp_path / "power.csv").sort_values("n")["power"].to_numpy()
    assert power[-1] > power[0]  # 32 per arm against 8
    assert "per arm" in grid
    assert (tmp_path / "power.png").read_bytes().startswith(PNG)
