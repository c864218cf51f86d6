"""Runs in bounded memory: the same patients however the work is split, stopped, shared or asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resprout.errors import InputError, SolveError
from resprout.language import load_model
from resprout.simulation import stream
from resprout.simulation.request import Request, make_request
from resprout.simulation.scenario import read_scenario
from resprout.simulation.selected_patients import run_chosen
from resprout.simulation.settings import Numerics, Output, People
from resprout.simulation.store import open_store
from resprout.simulation.stream import Part, run_stream
from resprout.simulation.summaries import Tally, exact_interval
from resprout.simulation.workers import open_pool

REGIMEN = "ketamine 0.5 mg/kg iv over 40 min"
OUTPUTS = ["ketamine_venous", "spine_density", "HDRS17"]


def request(patients: int = 700, precision: str = "float64", overrides=None, **changed) -> Request:
    scenario = read_scenario(load_model(), REGIMEN, 2.0, Output(OUTPUTS), overrides=overrides)
    return make_request(load_model(), scenario, People(patients, **changed), Numerics(precision=precision), (None, ()))


def all_at_once(asked: Request) -> np.ndarray:
    return np.moveaxis(np.stack([run_chosen(asked, load_model())[0][name].to_numpy() for name in OUTPUTS]), 0, 2)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    block=st.sampled_from([64, 256, 1000, 5000]), chunk=st.sampled_from([50, 300, 10_000]), threads=st.integers(1, 3)
)
def test_blocks_chunks_and_threads_change_no_bit(monkeypatch, block, chunk, threads):
    whole = all_at_once(request())
    with monkeypatch.context() as patch:
        patch.setattr(stream, "block_size", lambda patients: block)
        patch.setattr(stream, "CHUNK", chunk)
        parts: list[Part] = []
        with open_pool(None, threads) as pool:
            found = run_stream(request(), pool, keep=lambda first, part: parts.append(part))
    assert [len(part) for part in parts[:-1]] == [min(chunk, 700)] * (len(parts) - 1)
    assert np.array_equal(Part.joined(parts).value, whole)
    assert found.tally.n == 700


def test_a_patient_can_be_pulled_out_and_run_alone():
    whole = all_at_once(request())
    run, _ = run_chosen(request(), load_model(), [699, 3, 41])
    assert np.array_equal(run["HDRS17"].to_numpy(), whole[[699, 3, 41], :, 2])
    assert list(run["patient"].to_numpy()) == [699, 3, 41]


def test_a_patient_outside_the_draw_is_refused():
    with pytest.raises(InputError, match="patient 700 is not in a draw of 700"):
        run_chosen(request(), load_model(), [700])


def test_a_request_that_differs_in_anything_has_another_key():
    keys = {request().key, request(seed=2).key, request(patients=701).key, request(overrides={"stress": 1.1}).key}
    assert len(keys) == 4
    assert request().key == request().key


SCRIPT = """
    import sys
    from pathlib import Path
    from resprout.language import load_model
    from resprout.simulation import store
    from resprout.simulation import stream
    from resprout.simulation.workers import open_pool
    from resprout.simulation.request import make_request
    from resprout.simulation.scenario import read_scenario
    from resprout.simulation.settings import Numerics, Output, People

    stream.CHUNK = store.CHUNK = 500
    scenario = read_scenario(load_model(), {regimen!r}, 2.0, Output({outputs!r}))
    asked = make_request(load_model(), scenario, People(6000), Numerics(precision="float32"), (None, ()))
    with store.open_store(Path(sys.argv[1]), asked, load_model()) as kept, open_pool(None, 2) as pool:
        found = stream.run_stream(asked, pool, keep=kept.keep, kept=kept.kept())
        kept.finish(found.digest)
    print(found.digest, found.tally.n)
"""


def test_a_killed_run_goes_on_and_ends_bit_identical(tmp_path):
    code = textwrap.dedent(SCRIPT).format(regimen=REGIMEN, outputs=OUTPUTS)
    start = [sys.executable, "-c", code]
    whole = subprocess.run(
        [*start, str(tmp_path / "whole.zarr")], capture_output=True, encoding="utf-8", check=True
    ).stdout
    killed = subprocess.Popen([*start, str(tmp_path / "killed.zarr")])
    first = tmp_path / "killed.zarr.part" / "checksums" / "sha256" / "c" / "0"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not first.exists():
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "killed.zarr").exists()
    resumed = subprocess.run(
        [*start, str(tmp_path / "killed.zarr")], capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert resumed == whole
    for file in (tmp_path / "whole.zarr" / "HDRS17" / "c").rglob("*"):
        twin = tmp_path / "killed.zarr" / file.relative_to(tmp_path / "whole.zarr")
        assert file.is_dir() or file.read_bytes() == twin.read_bytes()


def test_a_finished_run_says_what_it_is(tmp_path):
    xarray = pytest.importorskip("xarray")
    asked = request(precision="float32")
    with open_store(tmp_path / "run.zarr", asked, load_model()) as kept, open_pool(None, 2) as pool:
        kept.finish(run_stream(asked, pool, keep=kept.keep, kept=kept.kept()).digest)
    run = xarray.open_zarr(tmp_path / "run.zarr", consolidated=False, chunks=None)
    assert run["HDRS17"].dims == ("patient", "time_h")
    assert run["HDRS17"].attrs["units"] == "point"
    assert run.attrs["complete"]
    assert "float32" in run.attrs["precision"]
    assert not (tmp_path / "run.zarr.part").exists()


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_same_bits():
    pytest.importorskip("distributed")
    asked = request(patients=3000)
    with open_pool(None, 2) as pool:
        here = run_stream(asked, pool).digest
    code = f"""
        import os, signal, warnings
        warnings.simplefilter("ignore")
        from resprout.language import load_model
        from resprout.simulation import stream
        from resprout.simulation.workers import open_pool
        from resprout.simulation.request import make_request
        from resprout.simulation.scenario import read_scenario
        from resprout.simulation.settings import Numerics, Output, People

        def lose(done):
            if not lost:
                lost.append(victim)
                os.kill(victim, signal.SIGKILL)

        if __name__ == "__main__":
            scenario = read_scenario(load_model(), {REGIMEN!r}, 2.0, Output({OUTPUTS!r}))
            asked = make_request(load_model(), scenario, People(3000), Numerics(), (None, ()))
            stream.block_size = lambda patients: 500
            lost = []
            with open_pool("local:2") as pool:
                victim = pool.submit(os.getpid).result()
                class Losing:
                    workers = pool.workers
                    calls = 0
                    def submit(self, *given):
                        self.calls += 1
                        if self.calls == 3:
                            lose(0)
                        return pool.submit(*given)
                print("digest", stream.run_stream(asked, Losing()).digest, len(lost))
    """
    file = os.path.join(os.environ.get("PYTEST_TMP", "/tmp"), f"resprout_cluster_{os.getpid()}.py")
    with open(file, "w", encoding="utf-8") as script:
        script.write(textwrap.dedent(code))
    try:
        told = subprocess.run(
            [sys.executable, "-W", "ignore", file], capture_output=True, encoding="utf-8", timeout=400
        )
    finally:
        os.unlink(file)
    assert f"digest {here} 1" in told.stdout, told.stderr[-2000:]


@pytest.mark.parametrize("name", ["somewhere", "local:", "http://host:1", "tcp://host"])
def test_a_cluster_with_an_unknown_name_is_refused(name):
    with pytest.raises(InputError, match="is no cluster"), open_pool(name):
        pass


def test_sums_of_chunks_are_the_sums_of_all():
    value = np.random.default_rng(5).gamma(9, 2, (900, 3, 2))
    tally = Tally(("HDRS17", "x"), np.array([0.0, 24.0, 48.0]), load_model().scales)
    for first in range(0, 900, 137):
        tally.add(value[first : first + 137], np.zeros(len(value[first : first + 137]), np.int64))
    rows = {(row[1], row[2], row[3]): row[4] for row in tally.rows("arm")}
    assert rows["x", 24.0, "mean"] == pytest.approx(value[:, 1, 1].mean(), rel=1e-12)
    assert rows["x", 24.0, "sd_change"] == pytest.approx((value[:, 1, 1] - value[:, 0, 1]).std(ddof=1), rel=1e-12)
    assert rows["x", 48.0, "quantile_95"] == pytest.approx(np.quantile(value[:, 2, 1], 0.95), rel=1e-12)
    assert rows["HDRS17", 24.0, "response_rate"] == (value[:, 1, 0] <= value[:, 0, 0] / 2).mean()
    assert ("x", 24.0, "response_rate") not in rows


def test_a_failed_patient_is_counted_and_never_averaged_in():
    value = np.ones((10, 2, 1))
    value[4] = np.nan
    tally = Tally(("x",), np.array([0.0, 1.0]), {})
    tally.add(value, (np.arange(10) == 4).astype(np.int64))
    assert (tally.n, tally.failed) == (9, 1)
    assert tally.mean[1, 0] == 1.0


def test_more_failures_than_allowed_end_the_run():
    # with the ceiling of spines at the healthy density there is no place for any spine, and nobody can be solved
    asked = request(overrides={"spine_ceiling": 1.0})
    with open_pool(None, 1) as pool, pytest.raises(SolveError, match="could not be solved"):
        run_stream(asked, pool)


def test_the_exact_interval_is_that_of_a_table():
    # Clopper and Pearson for 4 of 10, as R's binom.test prints it: 0.1215523 0.7376219
    assert exact_interval(4, 10) == pytest.approx((0.1215523, 0.7376219), abs=1e-7)
    assert exact_interval(0, 10)[0] == 0.0
    assert exact_interval(10, 10)[1] == 1.0


def test_the_numerical_error_asked_for_is_within_the_promise():
    run, found = run_chosen(request(), load_model(), list(range(40)), errors=True)
    # 1e-4 of an output's peak is what DESIGN promises at the default tolerance
    assert found.error is not None
    assert 0 < found.error < 1e-4
    assert run["error"].max() == found.error


def test_one_patient_has_a_mean_and_no_standard_deviation():
    tally = Tally(("HDRS17",), np.array([0.0, 24.0]), load_model().scales)
    tally.add(np.array([[[24.0], [9.0]]]), np.zeros(1, np.int64))
    rows = {(row[2], row[3]): row[4:7] for row in tally.rows("arm")}
    assert rows[24.0, "mean"][0] == 9 and np.isnan(rows[24.0, "mean"][1:]).all()
    assert np.isnan(rows[24.0, "sd_change"]).all() and rows[24.0, "response_rate"][0] == 1
