"""Results into files: checked at the door, written beside the target, then renamed, so that none looks whole too soon."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.app.provenance import metadata_path, metadata_text, parquet_note
from resprout.app.target_checks import check_target
from resprout.cache import replace_folder
from resprout.errors import Fault, InputError
from resprout.interruption import removed_unless_renamed
from resprout.language.csv_cells import write_csv
from resprout.system_errors import at_place

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import xarray as xr

TABLE_SUFFIXES = (".csv", ".parquet")
RUN_SUFFIXES = (".nc", ".zarr")
PAGE_SUFFIXES = (".html", ".htm")
PICTURE_SUFFIXES = (".html", ".svg", ".pdf", ".png")
SIZES = ("single", "double")

_NUMBER = itertools.count()


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Lend a path beside `target` to write to; it takes the target's name only once everything is written.

    Links are followed: what a link points to is replaced, the link stays.

    raises   ResourceError that names the target where the disk does not allow it; nothing is left behind then
    """
    real = Path(os.path.realpath(target))
    draft = real.with_name(f".resprout-{os.getpid()}-{next(_NUMBER)}.part{real.suffix}")
    with at_place(target), removed_unless_renamed(draft):
        yield draft
        if real.is_file():
            shutil.copymode(real, draft)
        if real.is_dir():
            replace_folder(draft, real)
        else:
            os.replace(draft, real)


def save_table(table: pd.DataFrame, target: Path, told: Mapping[str, Any] | None = None) -> None:
    """Write a long table as CSV or Parquet, by the suffix of its name.

    told   provenance, which goes into the Parquet file, or beside the CSV file as its metadata
    """
    with _with_metadata(target, told) as draft:
        if target.suffix.lower() == ".parquet":
            import pyarrow as pa
            from pyarrow import parquet

            found = pa.Table.from_pandas(table, preserve_index=False)
            parquet.write_table(_with_note(found, told), draft)
            return
        with draft.open("w", encoding="utf-8", newline="") as file:
            write_csv(file, [str(name) for name in table.columns], table.itertuples(index=False, name=None))


def save_rows(
    rows: Sequence[Sequence[Any]], columns: Sequence[str], target: Path, told: Mapping[str, Any] | None = None
) -> None:
    """Write a long table, row by row, as CSV or Parquet by the suffix of its name; `told` as in `save_table`."""
    with _with_metadata(target, told) as draft:
        if target.suffix.lower() == ".parquet":
            import pyarrow as pa
            from pyarrow import parquet

            table = pa.table([_arrow(values) for values in zip(*rows, strict=True)], names=list(columns))
            parquet.write_table(_with_note(table, told), draft)
            return
        with draft.open("w", encoding="utf-8", newline="") as file:
            write_csv(file, columns, rows)


@contextlib.contextmanager
def _with_metadata(target: Path, told: Mapping[str, Any] | None) -> Iterator[Path]:
    """Lend a path as `atomic_path` does; the provenance of a CSV table is written beside it, and named once the table is."""
    if told is None or target.suffix.lower() == ".parquet":
        with atomic_path(target) as draft:
            yield draft
        return
    with atomic_path(metadata_path(target)) as note:
        note.write_text(metadata_text(target, told), encoding="utf-8")
        with atomic_path(target) as draft:
            yield draft


def _with_note(table: Any, told: Mapping[str, Any] | None) -> Any:
    """A table of Arrow with the provenance among its metadata."""
    return (
        table
        if told is None
        else table.replace_schema_metadata({**(table.schema.metadata or {}), **parquet_note(told)})
    )


def _arrow(values: Sequence[Any]) -> Any:
    """A column made from its bytes: every other way makes Arrow import pandas, which takes as long as the run."""
    import pyarrow as pa

    if isinstance(values[0], str):
        words = [value.encode() for value in values]
        ends = array("i", itertools.accumulate(map(len, words), initial=0))
        return pa.Array.from_buffers(
            pa.string(), len(words), [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(words))]
        )
    kind, code = (pa.int64(), "q") if isinstance(values[0], int) else (pa.float64(), "d")
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(array(code, values).tobytes())])


def save_page(text: str, target: Path) -> None:
    """Write a page of HTML."""
    with atomic_path(target) as draft:
        draft.write_text(text, encoding="utf-8")


def save_bytes(content: bytes, target: Path) -> None:
    """Write what is ready as bytes."""
    with atomic_path(target) as draft:
        draft.write_bytes(content)


def write_texts(texts: Mapping[str, str], folder: Path) -> None:
    """Write the files of a folder, all of them or none."""
    with atomic_path(folder) as draft:
        draft.mkdir()
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="utf-8")


def save_run(run: xr.Dataset, target: Path) -> None:
    """Write a whole run as NetCDF."""
    flat = run.assign_attrs(
        {key: value if isinstance(value, int | float) else str(value) for key, value in run.attrs.items()}
    )
    # NetCDF 3, the kind SciPy writes, has no 64-bit integers.
    narrow = {str(name): flat[name].astype("int32") for name in flat.variables if flat[name].dtype.kind in "iu"}
    with atomic_path(target) as draft:
        flat.assign(narrow).to_netcdf(draft, engine="scipy")


def refuse(faults: list[Fault]) -> None:
    """Raise all faults at once, if there are any."""
    if faults:
        raise InputError(*faults)


def check_figure_target(option: str, target: Path | None, size: str | None = None) -> list[Fault]:
    """Faults of a figure still to be drawn: those of any file, and of the width of print.

    option   that names the file
    target   None where no figure is wanted
    size     single or double; None for the usual one
    """
    faults = check_target(option, target, PICTURE_SUFFIXES)
    if size is None:
        return faults
    if size not in SIZES:
        expected = "Expected single (85 mm) or double (170 mm)."
        return [*faults, Fault(f"`{size}` is no width of print.", "--size", expected)]
    if target is None or target.suffix.lower() in PAGE_SUFFIXES:
        found = "a page has no width of print." if target else "there is no figure to give a width."
        faults.append(Fault(found, "--size", "", f"Try `{option} {(target or Path('figure')).with_suffix('.pdf')}`."))
    return faults


def save_figure(drawn: go.Figure, target: Path, size: str | None = None) -> None:
    """Write a figure as a page that opens offline, or for print as SVG, PDF or PNG.

    drawn    Plotly figure
    target   .html, .svg, .pdf or .png
    size     single or double column of a journal; None for double
    """
    if target.suffix.lower() in PAGE_SUFFIXES:
        page = drawn.to_html(include_plotlyjs=True, config={"displaylogo": False})
        # older versions of Plotly write none, and browsers then lay the page out by old rules
        save_page(page if page.lstrip()[:9].lower() == "<!doctype" else f"<!DOCTYPE html>\n{page}", target)
        return
    from resprout.figures.print_figure import write_picture

    with atomic_path(target) as draft:
        write_picture(drawn, draft, size=size or SIZES[-1])
