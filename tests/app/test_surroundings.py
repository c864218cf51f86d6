"""What a person sees where disk, terminal, network or another program do not allow what was asked: what, where, what next."""

from __future__ import annotations

import errno
import io
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resprout.app.terminal_characters import HANDLER, nearest_characters
from resprout.errors import Fault, InputError, ResourceError
from resprout.simulation import dask_cluster
from resprout.simulation.workers import open_pool, process_pool
from resprout.system_errors import KNOWN, at_place, library_error, resource_error

PROGRAM = [sys.executable, "-m", "resprout"]
SALINE = ("simulate", "saline", "--patients", "2", "--days", "1", "--outputs", "HDRS17")


def program(*words, **given) -> subprocess.CompletedProcess:
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 300} | given
    return subprocess.run([*PROGRAM, *words], **given)


def test_a_terminal_without_dashes_shows_the_nearest_characters():
    done = program(*SALINE, env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"HDRS17" in done.stdout and b"-----" in done.stdout


@given(text=st.text(), encoding=st.sampled_from(["ascii", "latin-1", "cp1252", "koi8-r", "utf-8", "utf-16"]))
def test_every_text_can_be_printed_on_every_terminal(text, encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=HANDLER, newline="")
    print(text, file=stream, end="", flush=True)
    shown = stream.buffer.getvalue().decode(encoding)
    assert len(shown) >= len(text) or not text.isascii()
    assert shown == text or not text.isascii()


def test_characters_have_plain_names():
    assert nearest_characters("β ≥ 2 µg – „été“ \udcff") == 'beta >= 2 ug - ?ete" \\xff'


@pytest.mark.parametrize("words", [("describe",), ("describe", "--json")])
def test_a_pipe_that_is_closed_early_is_no_error(words):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = program(*words, stdout=gone)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_standard_output_on_a_full_disk_is_told():
    with open("/dev/full", "wb") as full:
        done = program("describe", stdout=full)
    assert done.returncode == 2
    assert b"`standard output`: no space is left on the disk." in done.stderr


def test_the_program_ends_at_an_interruption_and_keeps_what_is_done(tmp_path):
    words = ("simulate", "ketamine 0.5 mg/kg iv over 40 min", "--patients", "500000", "--outputs", "HDRS17")
    running = subprocess.Popen(
        [*PROGRAM, *words, "--out", str(tmp_path / "run.zarr")],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(tmp_path.glob("run.zarr.part/HDRS17/c/0")):
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    # the rest of the run would take longer
    _, said = running.communicate(timeout=20)
    kept = "What is done is in `run.zarr.part`: the same command goes on with it."
    assert (running.returncode, said.decode()) == (130, f"Stopped. {kept}\n")
    assert not (tmp_path / "run.zarr").exists()


def interrupted_worker(_: int) -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "went on"


def ended_worker(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_processes_leave_an_interruption_to_the_one_that_lends_them_and_their_end_is_told():
    with pytest.raises(BrokenExecutor) as broken, process_pool() as pool:
        assert list(pool.map(interrupted_worker, range(2))) == ["went on"] * 2
        list(pool.map(ended_worker, range(2)))
    known = resource_error(broken.value)
    assert known is not None
    assert known.exit_code == 3
    assert "worker process was ended from outside" in str(known)


@pytest.mark.parametrize("number", sorted(KNOWN))
def test_each_error_of_the_system_says_what_where_and_what_next(number):
    with pytest.raises(ResourceError) as told, at_place("results/t.csv", "--table"):
        raise OSError(number, os.strerror(number))
    (fault,) = told.value.faults
    if number != errno.ENOMEM:
        assert fault.where == "--table" and "`results/t.csv`" in fault.found and told.value.exit_code == 2
    assert fault.found.endswith(".") and fault.remedy.endswith(".")


def test_memory_that_is_used_up_ends_with_code_3(resprout, monkeypatch):
    def greedy(folder):
        raise MemoryError("Unable to allocate 9.1 TiB for an array")

    monkeypatch.setattr("resprout.language.load_model", greedy)
    code, _, err = resprout("describe")
    assert code == 3
    assert "memory of this machine is used up" in err and "9.1 TiB" in err and "resprout itself" not in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EROFS, "Read-only file system", "/x/t"), 2),
        (RuntimeError("can't start new thread"), 3),
        (ExceptionGroup("several", [ValueError("x"), OSError(errno.ENOSPC, "full")]), 2),
    ],
)
def test_an_error_of_the_surroundings_is_never_a_fault_of_the_program(resprout, monkeypatch, error, code):
    def failing(folder):
        raise error

    monkeypatch.setattr("resprout.language.load_model", failing)
    found, _, err = resprout("describe")
    assert found == code and "resprout itself" not in err and "Traceback" not in err


def test_an_error_of_a_library_that_hides_one_of_the_system_is_seen_through():
    hidden = RuntimeError("could not write")
    hidden.__cause__ = OSError(errno.ENOSPC, "full", "t.csv")
    assert "no space is left" in str(resource_error(hidden))
    assert resource_error(RuntimeError("could not write")) is None


def test_a_library_that_cannot_be_loaded_is_named():
    told = library_error(ImportError("libfoo.so: cannot open shared object file", name="foo"))
    assert told is not None and "`foo` cannot be loaded" in str(told)
    assert library_error(ImportError("no", name="resprout.errors")) is None


def test_an_error_crosses_from_one_process_to_another_as_it_was_made():
    for error in (InputError(Fault("a", "b", "c", "d")), ResourceError(Fault("a"), exit_code=3)):
        back = pickle.loads(pickle.dumps(error))
        assert (type(back), back.faults, back.exit_code) == (type(error), error.faults, error.exit_code)


def places(folder: Path) -> dict[str, str]:
    (folder / "file").write_text("not ours", encoding="utf-8")
    (folder / "folder.csv").mkdir()
    (folder / "circle.csv").symlink_to("circle.csv")
    os.mkfifo(folder / "pipe.csv")
    return {
        "x" * 300 + ".csv": "the name is too long",
        "file/t.csv": "a file, where a folder is meant",
        "no/t.csv": "There is no folder",
        "folder.csv": "is a folder",
        "circle.csv": "links lead in a circle",
        "pipe.csv": "no ordinary file",
        "": "no suffix known here",
        "\udcff.csv": "no UTF-8",
    }


def test_a_place_that_cannot_be_written_to_is_refused_before_any_work(resprout, tmp_path, monkeypatch):
    monkeypatch.setattr("resprout.language.load_model", lambda *given: pytest.fail("worked before looking"))
    for name, said in places(tmp_path).items():
        code, _, err = resprout("trial", "berman2000", "--table", name)
        assert code == 2 and said in err and "resprout itself" not in err, name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["circle.csv", "file", "folder.csv", "pipe.csv"]


def test_a_file_where_a_folder_is_meant_is_refused_before_any_work(resprout, tmp_path):
    (tmp_path / "out").write_text("not ours", encoding="utf-8")
    for name in ("out", "out/in"):
        assert resprout("demo", "--out", name)[0] == 2
    assert resprout(*SALINE, "--out", "out.zarr/run.zarr")[0] == 2
    (tmp_path / "out.zarr").write_text("not ours", encoding="utf-8")
    assert "is a file" in resprout(*SALINE, "--out", "out.zarr")[2]


def test_two_options_do_not_write_one_file(resprout, tmp_path):
    (tmp_path / "b.csv").symlink_to("a.csv")
    code, _, err = resprout("trial", "berman2000", "--table", "a.csv", "--published", "b.csv")
    assert code == 2 and "is the file of --table, too" in err


def test_a_link_stays_and_what_it_points_to_is_written(resprout, tmp_path):
    (tmp_path / "away").mkdir()
    (tmp_path / "t.csv").symlink_to("away/real.csv")
    assert resprout(*SALINE, "--table", "t.csv")[0] == 0
    assert (tmp_path / "t.csv").is_symlink()
    assert (tmp_path / "away" / "real.csv").read_text(encoding="utf-8").startswith("arm,")


def test_a_name_as_long_as_the_disk_allows_is_written(resprout, tmp_path):
    name = "n" * (os.pathconf(tmp_path, "PC_NAME_MAX") - 4) + ".csv"
    assert resprout(*SALINE, "--table", name)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["csv-metadata.json", name]


@pytest.mark.parametrize("host", ["", " "])
def test_an_empty_host_is_not_every_address(resprout, host):
    code, _, err = resprout("serve", "--host", host)
    assert code == 2 and "the host is empty" in err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("local:0", "0 processes"),
        ("local:99999", "99999 processes"),
        ("tls://127.0.0.1:8786", "needs certificates"),
        ("tcp://127.0.0.1:1", "no scheduler answers"),
        ("tcp://127.0.0.1:99999", "is no cluster"),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_refused(monkeypatch, name, said):
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask_cluster, "ANSWER_S", 1)
    with pytest.raises(InputError, match=said), open_pool(name):
        pass


def test_a_cluster_that_is_refused_leaves_no_draft(resprout, tmp_path):
    words = ("simulate", "saline", "--patients", "2", "--days", "1", "--out", "r.zarr", "--cluster", "tls://")
    assert resprout(*words)[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_threads_that_have_not_begun_do_not_hold_up_an_error():
    begun = []

    def work(number):
        begun.append(number)
        time.sleep(0.2)

    with pytest.raises(KeyError), open_pool(None, 1) as pool:
        for number in range(20):
            pool.submit(work, number)
        raise KeyError
    assert len(begun) < 20
