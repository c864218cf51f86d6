"""Runs on disk that cannot lie: what is damaged is found, what is not ours stays, and one process at a time writes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resprout.errors import InputError, ResourceError
from resprout.language import load_model
from resprout.simulation import store, stream
from resprout.simulation.request import Request, make_request
from resprout.simulation.run_check import check_run
from resprout.simulation.run_environment import environment
from resprout.simulation.scenario import read_scenario
from resprout.simulation.settings import Numerics, Output, People
from resprout.simulation.workers import open_pool

pytest.importorskip("zarr")
CHUNK, PATIENTS = 40, 130
OUTPUTS = ["ketamine_venous", "HDRS17"]


def request(seed: int = 1) -> Request:
    scenario = read_scenario(load_model(), "ketamine 0.5 mg/kg iv over 40 min", 0.25, Output(OUTPUTS))
    return make_request(load_model(), scenario, People(PATIENTS, seed), Numerics(precision="float32"), (None, ()))


class Stopped(Exception):
    """What stops a run on purpose."""


def run(target: Path, asked: Request | None = None, stop_after: int | None = None, **options) -> tuple[str, list[str]]:
    """Run into a file, or until so many chunks are written; the digest, and what was told."""
    asked, said = asked or request(), []
    with store.open_store(target, asked, load_model(), tell=said.append, **options) as kept, open_pool(None, 1) as pool:

        def keep(first, part):
            kept.keep(first, part)
            if stop_after is not None and first // CHUNK + 1 >= stop_after:
                raise Stopped

        digest = stream.run_stream(asked, pool, keep=keep, kept=kept.kept()).digest
        kept.finish(digest)
    return digest, said


@pytest.fixture(scope="module", autouse=True)
def small_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK", CHUNK)
        patch.setattr(store, "CHUNK", CHUNK)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, str]:
    """A finished run, and its digest."""
    target = tmp_path_factory.mktemp("whole") / "run.zarr"
    return target, run(target)[0]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> Path:
    """A run that was stopped when three of its four chunks were written."""
    target = tmp_path_factory.mktemp("stopped") / "run.zarr"
    with pytest.raises(Stopped):
        run(target, stop_after=3)
    return target.with_name("run.zarr.part")


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@st.composite
def damages(draw):
    """What may happen to one file of a run: gone, cut short, a bit turned, zeros, or the content of another."""
    kind = draw(st.sampled_from(["remove", "cut", "flip", "zero", "swap"]))
    return (
        kind,
        draw(st.floats(0, 1, exclude_max=True)),
        draw(st.floats(0, 1, exclude_max=True)),
        draw(st.integers(0, 7)),
    )


def damage(folder: Path, which) -> None:
    kind, place, offset, bit = which
    files = files_of(folder)
    path = folder / files[int(place * len(files))]
    content = path.read_bytes()
    at = int(offset * len(content))
    if kind == "remove":
        path.unlink()
    elif kind == "cut":
        path.write_bytes(content[:at])
    elif kind == "flip" and content:  # an earlier damage may have left nothing to flip
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :])
    elif kind == "zero":
        path.write_bytes(bytes(len(content)))
    else:
        path.write_bytes((folder / files[int(offset * len(files))]).read_bytes())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.lists(damages(), min_size=1, max_size=3))
def test_no_damaged_run_ends_as_complete_with_another_digest(tmp_path_factory, whole, stopped, which):
    target = tmp_path_factory.mktemp("damaged") / "run.zarr"
    shutil.copytree(stopped, target.with_name("run.zarr.part"))
    for each in which:
        damage(target.with_name("run.zarr.part"), each)
    try:
        digest, _ = run(target)
    except InputError as refused:
        assert not target.exists() and refused.faults[0].remedy
        return
    assert digest == whole[1] == check_run(target).digest


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=damages())
def test_a_finished_run_that_was_damaged_is_not_verified(tmp_path_factory, whole, which):
    folder = tmp_path_factory.mktemp("damaged") / "run.zarr"
    shutil.copytree(whole[0], folder)
    before = {name: (folder / name).read_bytes() for name in files_of(folder)}
    damage(folder, which)
    if {name: (folder / name).read_bytes() for name in files_of(folder)} == before:
        return  # what was written is what was there
    try:
        found = check_run(folder)
    except InputError:
        return
    # a byte of an empty part of a file, or another way to write the same text: every number is as it was
    assert found.digest == whole[1]
    zarr = pytest.importorskip("zarr")
    now, then = zarr.open_group(folder, mode="r"), zarr.open_group(whole[0], mode="r")
    for name in (*OUTPUTS, "candidate", "status", "steps", "time_h"):
        assert np.array_equal(now[name][:], then[name][:], equal_nan=True) and dict(now[name].attrs) == dict(
            then[name].attrs
        )


def test_a_stopped_run_goes_on_and_says_how_much_was_kept(tmp_path, whole, stopped):
    shutil.copytree(stopped, tmp_path / "run.zarr.part")
    digest, said = run(tmp_path / "run.zarr")
    assert digest == whole[1] and said == ["120 patients are there from an earlier run, and are kept."]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.zarr"]
    found = check_run(tmp_path / "run.zarr")
    assert (found.patients, found.chunks, found.others) == (PATIENTS, 4, "")


@pytest.mark.parametrize("name", ["HDRS17/c/1/0", "status/c/1", "candidate/c/1", "checksums/sha256/c/1/0"])
def test_a_chunk_that_was_removed_is_computed_again_and_told(tmp_path, whole, stopped, name):
    draft = tmp_path / "run.zarr.part"
    shutil.copytree(stopped, draft)
    if name == "status/c/1":  # nobody failed: what is not written is zero anyway
        (draft / name).parent.mkdir(exist_ok=True)
        (draft / name).write_bytes(b"damage")
    else:
        (draft / name).unlink()
    digest, said = run(tmp_path / "run.zarr")
    assert digest == whole[1]
    assert said == ["`run.zarr.part` is damaged after 40 patients: those after them are computed once more."]


def test_another_request_or_environment_is_told_and_not_mixed_in(tmp_path, stopped, monkeypatch):
    draft = tmp_path / "run.zarr.part"
    shutil.copytree(stopped, draft)
    before = {name: (draft / name).read_bytes() for name in files_of(draft)}
    with pytest.raises(InputError, match="unfinished run of another request"):
        run(tmp_path / "run.zarr", request(seed=2))
    with monkeypatch.context() as patch:
        patch.setattr(store, "environment", lambda: environment() | {"numpy": "9.9", "vector width": "16"})
        with pytest.raises(InputError, match=r"begun with numpy .* \(here 9.9\), vector width .* \(here 16\)"):
            run(tmp_path / "run.zarr")
    assert {name: (draft / name).read_bytes() for name in files_of(draft)} == before
    run(tmp_path / "run.zarr", request(seed=2), restart=True)
    assert check_run(tmp_path / "run.zarr").patients == PATIENTS


def foreign(folder: Path, stopped: Path) -> list[str]:
    """Lay out things that resprout did not write; the names of the runs that they are in the way of."""
    (folder / "empty.zarr").mkdir()
    (folder / "notes.zarr.part").mkdir()
    (folder / "notes.zarr.part" / "notes.txt").write_text("precious", encoding="utf-8")
    shutil.copytree(stopped, folder / "mixed.zarr.part")
    (folder / "mixed.zarr.part" / "HDRS17" / "notes.txt").write_text("precious", encoding="utf-8")
    shutil.copytree(stopped, folder / "linked.zarr.part")
    (folder / "precious").mkdir()
    (folder / "precious" / "notes.txt").write_text("precious", encoding="utf-8")
    (folder / "linked.zarr.part" / "status" / "c").symlink_to(folder / "precious")
    (folder / "away.zarr.part").symlink_to(folder / "precious")
    (folder / "dangling.zarr.part").symlink_to(folder / "nothing")
    (folder / "file.zarr.part").write_text("precious", encoding="utf-8")
    (folder / ".locked.zarr.lock").write_text("precious", encoding="utf-8")
    import zarr

    zarr.open_group(folder / "foreign.zarr", mode="w").create_array("mine", shape=(3,), dtype="float64")[:] = 7
    zarr.open_group(folder / "theirs.zarr.part", mode="w").create_array("mine", shape=(3,), dtype="float64")[:] = 7
    return ["empty", "notes", "mixed", "linked", "away", "dangling", "file", "locked", "foreign", "theirs"]


def test_nothing_that_resprout_did_not_write_is_touched(tmp_path, stopped):
    if (stopped / "status" / "c").exists():
        pytest.fail("this test wants a run without failures")
    names = foreign(tmp_path, stopped)
    before = {name: (tmp_path / name).read_bytes() for name in files_of(tmp_path)}
    for name in names:
        for restart in (False, True):
            with pytest.raises(InputError, match=r"Move it|no run") as refused:
                run(tmp_path / f"{name}.zarr", restart=restart)
            assert refused.value.exit_code == 2
    assert {name: (tmp_path / name).read_bytes() for name in files_of(tmp_path)} == before


def test_a_run_is_written_where_its_link_points_to(tmp_path, whole):
    (tmp_path / "away").mkdir()
    (tmp_path / "run.zarr").symlink_to(tmp_path / "away" / "real.zarr")
    assert run(tmp_path / "run.zarr")[0] == whole[1]
    assert (tmp_path / "run.zarr").is_symlink()
    assert check_run(tmp_path / "run.zarr").digest == check_run(tmp_path / "away" / "real.zarr").digest == whole[1]
    # over a finished run, also through the link
    assert run(tmp_path / "run.zarr")[0] == whole[1]
    assert [path.name for path in (tmp_path / "away").iterdir()] == ["real.zarr"]


HOLDING = """
import sys, time
from pathlib import Path
from resprout.simulation.run_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_process_is_told_of_the_first_and_a_stale_lock_is_taken_over(tmp_path, whole):
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "run.zarr")]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    try:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=rf"process {first.pid} on .* since .* is writing `run.zarr`"):
            run(tmp_path / "run.zarr")
    finally:
        first.kill()
        first.communicate()
    assert (tmp_path / ".run.zarr.lock").exists()
    assert run(tmp_path / "run.zarr")[0] == whole[1]
    assert not (tmp_path / ".run.zarr.lock").exists()


def test_a_disk_that_is_too_small_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**6, 10**6, 1000))
    with pytest.raises(ResourceError, match=r"takes 0\.0\d* MB, and the disk has 0\.001 MB left"):
        run(tmp_path / "run.zarr")
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_run_is_not_verified(stopped):
    with pytest.raises(InputError, match="not finished: 120 of 130 patients are there"):
        check_run(stopped)


def test_the_command_verifies_a_run(whole, tmp_path):
    from resprout.app.cli import run as command

    assert command(["data", "verify", str(whole[0])]) == 0
    shutil.copytree(whole[0], tmp_path / "run.zarr")
    file = tmp_path / "run.zarr" / "HDRS17" / "c" / "2" / "0"
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    assert command(["data", "verify", str(tmp_path / "run.zarr")]) == 2
    assert command(["data", "verify", str(tmp_path)]) == 2
    assert command(["data", "verify", str(tmp_path / "nowhere.zarr")]) == 2


def test_what_a_run_says_of_itself_is_sealed(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "run.zarr")
    file = tmp_path / "run.zarr" / "HDRS17" / "zarr.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    told["attributes"]["units"] = "inch"
    file.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(InputError, match="says of itself"):
        check_run(tmp_path / "run.zarr")


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(ResourceError, match="permission is denied"):
        run(tmp_path / "run.zarr")
