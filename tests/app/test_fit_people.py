"""`resprout fit --data`: what it says of options that contradict each other, before anything is computed."""

import pytest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "example", "--ship"], "--out my_model"),
        (["--mapping", "x.yaml"], "--data"),
        (["--data", "example", "--out", "."], "exists"),
        (["--data", "example", "--out", "nowhere/mine"], "no folder `nowhere`"),
        (["--data", "absent.csv"], "absent.csv"),
        (["--petab", "x.yaml", "--data", "example"], "--data"),
    ],
)
def test_options_that_contradict_are_told(resprout, options, said):
    code, out, err = resprout("fit", *options)
    assert code == 2 and said in " ".join(err.split()) and out == ""
