"""The public list of the package."""

import subprocess
import sys

import pytest

import resprout


def test_importing_resprout_is_quick_because_it_imports_no_heavy_library():
    heavy = "{'sympy', 'pandas', 'plotly', 'statsmodels', 'numpy', 'scipy', 'numba', 'xarray'}"
    code = f"import sys, resprout; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


@pytest.mark.parametrize("name", resprout.__all__)
def test_every_public_name_is_there_and_explained(name):
    assert getattr(resprout, name).__doc__


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        resprout.simulat  # noqa: B018
