"""What is kept on disk to save time: never taken when it is not as it was written, never needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resprout import cache
from resprout.solve.compiled import compiled

COMMAND = "from resprout.app.cli import run; raise SystemExit(run({words!r}))"
SALINE = ["simulate", "saline", "--patients", "2", "--days", "1", "--outputs", "HDRS17", "--json"]


def simulated(**surroundings: str) -> subprocess.CompletedProcess[str]:
    code = [sys.executable, "-c", COMMAND.format(words=SALINE)]
    return subprocess.run(code, env=os.environ | surroundings, capture_output=True, encoding="utf-8", timeout=300)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), place=st.integers(0, 200), flip=st.integers(0, 255), cut=st.booleans())
def test_what_was_kept_is_given_back_whole_or_not_at_all(monkeypatch, tmp_path, content, place, flip, cut):
    monkeypatch.setenv("RESPROUT_CACHE", str(tmp_path))
    cache.store("kind", "key", content)
    file = tmp_path / "kind" / "key"
    whole = file.read_bytes()
    assert cache.stored("kind", "key") == content
    place %= len(whole)
    file.write_bytes(whole[:place] if cut else whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
    # nothing may be cut from an empty content that its checksum would miss
    expected = (None, content) if cut and not content else (None,) if cut or flip else (content,)
    assert cache.stored("kind", "key") in expected


def test_a_damaged_cache_is_made_anew_with_the_same_results(monkeypatch, tmp_path):
    # Numba takes ten seconds for what other tests have had it compile
    compiled_before = (cache.cache_folder() or tmp_path) / "numba"
    if compiled_before.is_dir():
        shutil.copytree(compiled_before, tmp_path / "numba")
    first = simulated(RESPROUT_CACHE=str(tmp_path))
    files = [path for kind in ("kernels", "models") for path in (tmp_path / kind).iterdir()]
    assert len(files) >= 2
    # what a full disk leaves is the head of a file
    for number, path in enumerate(files):
        content = path.read_bytes()
        path.write_bytes(content[: (len(content) // 2, 0, len(content) - 1)[number % 3]])
    second = simulated(RESPROUT_CACHE=str(tmp_path))
    assert (first.returncode, second.returncode, second.stderr) == (0, 0, "")
    assert second.stdout == first.stdout
    monkeypatch.setenv("RESPROUT_CACHE", str(tmp_path))
    assert all(cache.stored(path.parent.name, path.name) is not None for path in files)


def halved_sum(first, second):
    return (first + second) / 2


def test_a_compiled_function_that_is_cut_short_is_compiled_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("RESPROUT_CACHE", str(tmp_path))
    assert compiled()(halved_sum)(1.0, 4.0) == 2.5
    (file,) = (tmp_path / "numba").iterdir()
    whole = file.read_bytes()
    for length in (0, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        again = compiled()(halved_sum)
        assert again(1.0, 4.0) == 2.5
        assert cache.stored("numba", file.name) is not None
    monkeypatch.setattr(cache, "store", lambda *given: pytest.fail("compiled although it was kept"))
    assert compiled()(halved_sum)(1.0, 4.0) == 2.5


@pytest.mark.parametrize("given_", ["", "relative/folder"])
def test_a_cache_home_that_is_no_absolute_path_counts_as_none(monkeypatch, given_):
    monkeypatch.delenv("RESPROUT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", given_)
    monkeypatch.setenv("HOME", "/somewhere")
    assert cache.cache_folder() == Path("/somewhere/.cache/resprout")


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("RESPROUT_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    cache.store("kind", "key", b"content")
    assert cache.stored("kind", "key") is None


def test_a_folder_that_cannot_be_made_costs_time_only(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("RESPROUT_CACHE", str(tmp_path / "file"))
    cache.store("kind", "key", b"content")
    assert cache.stored("kind", "key") is None


def test_a_part_of_the_source_that_there_is_not_has_no_digest():
    with pytest.raises(ValueError, match="no part `simulate`"):
        cache.source_digest("simulate")


def test_every_part_that_the_fit_comes_from_is_there():
    from resprout.calibrate.posterior_mode import _behind

    assert len(set(_behind())) == len(_behind())


def test_a_width_that_there_is_not_is_refused():
    told = simulated(RESPROUT_WIDTH="abc")
    assert (told.returncode, told.stdout) == (2, "")
    assert "`abc` is no width" in told.stderr and "RESPROUT_WIDTH" in told.stderr
