"""Places to write to, checked before any work is done: names, links, folders, permissions, and what lies there already."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from resprout.app.terminal_characters import nearest_characters
from resprout.errors import Fault, is_installed, package_fault
from resprout.system_errors import fault_of

OF_AN_EXTRA = {".parquet": ("pyarrow", "parquet"), ".zarr": ("zarr", "store")}
"""By suffix: the package that writes such a file, and the extra that brings it."""
OF_A_FOLDER = ".zarr"
OF_PETAB = (
    "parameters",
    "conditions",
    "experiments",
    "observables",
    "measurements",
    "distributions",
    "correlations",
    "groups",
)
PETAB_FILES = (*(f"{name}.tsv" for name in OF_PETAB), "model.xml", "problem.yaml")
"""Files of a PEtab problem of people that this program writes."""


def check_target(option: str, target: Path | None, suffixes: tuple[str, ...]) -> list[Fault]:
    """Faults of a file still to be written: unknown suffix, folder that is not there or not open to us."""
    if target is None:
        return []
    suffix, faults = target.suffix.lower(), []
    if suffix not in suffixes:
        kinds = " or ".join(f"`{each}`" for each in suffixes)
        remedy = f"Try `{option} {target.with_suffix(suffixes[0])}`." if target.name else ""
        found = f"`{target.name or target}` has no suffix known here."
        faults.append(Fault(found, option, f"Expected a name that ends in {kinds}.", remedy))
    package, extra = OF_AN_EXTRA.get(suffix, ("", ""))
    if package and suffix in suffixes and not is_installed(package):
        faults.append(package_fault(package, extra, option))
    return faults + check_place(option, target, folder=suffix == OF_A_FOLDER)


def check_place(option: str, target: Path, *, folder: bool) -> list[Fault]:
    """Faults of a place that a file, or a folder, is to be written to; the folder around it has to be there."""
    try:
        os.fspath(target).encode()
        real, there = Path(os.path.realpath(target)), _status(target)
        around = _status(real.parent)
    except UnicodeEncodeError:
        found = f"`{nearest_characters(os.fspath(target))}` holds bytes that are no UTF-8."
        return [Fault(found, option, "", "Choose another name.")]
    except OSError as error:
        return [fault_of(error, option, os.fspath(target))]
    if around is None:
        return [Fault(f"There is no folder `{target.parent}`.", option, "", f"Try `mkdir -p {target.parent}` first.")]
    if not stat.S_ISDIR(around.st_mode):
        return [Fault(f"`{target.parent}` is a file.", option, "Expected a folder.", "Choose another folder.")]
    if not os.access(real.parent, os.W_OK | os.X_OK):
        return [Fault(f"The folder `{target.parent}` cannot be written to.", option, "", "Choose another folder.")]
    return [] if there is None else _faults_of_what_is_there(option, target, there.st_mode, folder)


def check_folder(option: str, target: Path) -> list[Fault]:
    """Faults of a folder that will be made where it is not there, with those around it."""
    try:
        above = target
        while (there := _status(above)) is None and above != above.parent:
            above = above.parent
    except OSError as error:
        return [fault_of(error, option, os.fspath(target))]
    if there is not None and not stat.S_ISDIR(there.st_mode):
        return [Fault(f"`{above}` is a file.", option, "Expected the name of a folder.", "Choose another name.")]
    if not os.access(above, os.W_OK | os.X_OK):
        return [Fault(f"The folder `{above}` cannot be written to.", option, "", "Choose another folder.")]
    return []


def check_own_folder(option: str, target: Path, wrote: Callable[[str], bool]) -> list[Fault]:
    """Faults of a folder to write to, which may only hold what the command wrote before.

    option   that names the folder
    target   the folder
    wrote    whether a file of this name is the command's own
    """
    faults = check_place(option, target, folder=True)
    if faults or not target.is_dir():
        return faults
    others = sorted(path.name for path in target.iterdir() if not wrote(path.name))
    if not others:
        return []
    expected = "Expected a new or empty folder, or one that this command wrote."
    found = f"The folder `{target}` holds other things, such as `{others[0]}`."
    return [Fault(found, option, expected, "Choose another name.")]


def check_distinct(targets: Sequence[tuple[str, Path | None]]) -> list[Fault]:
    """Faults of options that name one and the same file: the later would overwrite the earlier."""
    first: dict[str, str] = {}
    faults = []
    for option, target in targets:
        if target is not None:
            other = first.setdefault(os.path.realpath(target), option)
            if other != option:
                found = f"`{target}` is the file of {other}, too."
                faults.append(Fault(found, option, "Expected another file.", "Choose another name."))
    return faults


def _status(path: Path) -> os.stat_result | None:
    """What there is, behind links; None if nothing."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _faults_of_what_is_there(option: str, target: Path, mode: int, folder: bool) -> list[Fault]:
    is_folder = stat.S_ISDIR(mode)
    if folder and not is_folder:
        return [Fault(f"`{target}` is a file.", option, "Expected the name of a folder.", "Choose another name.")]
    if is_folder and not folder:
        return [Fault(f"`{target}` is a folder.", option, "Expected the name of a file.", "Choose another name.")]
    if not is_folder and not stat.S_ISREG(mode):
        return [Fault(f"`{target}` is no ordinary file.", option, "", "Choose another name.")]
    if not os.access(target, os.W_OK):
        return [Fault(f"`{target}` is read-only.", option, "", "Change its permissions, or choose another name.")]
    return []
