"""A System -> machine-code functions over a batch of patients: the solver's arithmetic written out by LLVM.

What is computed is said in `rosenbrock.py`, `step_size.py` and `newton.py`; here it is cut into functions. One function serves every
stage, and what is the same for every state is a loop: a step must fit the instruction cache (decision 0065).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import llvmlite.ir as ir

from resprout.compile.equations import Equations
from resprout.compile.llvm_arithmetic import LlvmArithmetic
from resprout.compile.system import System
from resprout.solve import newton, rosenbrock, step_size
from resprout.solve.driver_arrays import Layout
from resprout.solve.tableau import Tableau

STEP = (
    "state",
    "constants",
    "step",
    "relative_tolerance",
    "absolute_tolerance",
    "peak",
    "new",
    "error",
    "growth",
    "point",
    "factors",
    "stages",
    "dense",
)

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "prepare": ("constants",),
    "newton_step": ("state", "constants", "shift", "direction", "length", "orientation"),
    "attempt_step": (
        *STEP,
        *("now", "goal", "proposed", "steps", "due"),
        *("later", "fraction", "ended", "waiting"),
    ),
    # a choice stored where one side of it was loaded would become a masked store, which costs ten plain ones
    "accept_step": ("state", "new", "error", "peak", "later", "now", "state_written", "peak_written"),
    "observe": ("state", "new", "dense", "fraction", "constants", "outputs"),
}
"""Arrays of each function that the driver calls, by their names in `driver_arrays.py`; the order is that of its pointers."""


def layout_of(equations: Equations, tableau: Tableau, outputs: Sequence[str]) -> Layout:
    """How many rows the arrays have."""
    system = equations.system
    return Layout(
        system.states,
        system.constants,
        tuple(outputs),
        len(equations.invariant),
        len(equations.sampled),
        len(tableau.dense),
        len(equations.places),
        tableau.stages,
    )


def write_kernels(system: System, outputs: tuple[str, ...], tableau: Tableau, width: int) -> tuple[list[str], Layout]:
    """Write the LLVM text of all functions for one model and one list of outputs.

    An imported model has no `newton_step`. A large one has its longest function in a module of its own, the first, so that both are compiled
    at the same time, and code for `prepare`, which runs once for every patient, that is made in less time and runs longer.
    """
    equations = Equations(system, outputs)
    over = LlvmArithmetic(ir.Module("resprout"), width)
    apart = LlvmArithmetic(ir.Module("first stage"), width) if equations.tabled else over

    def write(name: str, body: Callable[[SimpleNamespace], Any], *, apart: bool = True) -> None:
        body(over.function(name, ARGUMENTS[name], apart=apart))
        over.builder.ret_void()

    write("prepare", lambda r: equations.prepare(over, r.constants))
    if equations.tabled:
        for attribute in ("noinline", "optnone"):
            over.builder.function.attributes.add(attribute)
    if not system.any_scale:  # imported models begin where their files say
        write("newton_step", lambda r: newton.newton_step(over, equations, r))
    step = _write_step(over, apart, equations, tableau)
    write("attempt_step", lambda r: step_size.attempt_step(over, _calling(over, step, r, STEP), r))
    write("accept_step", lambda r: step_size.accept_step(over, equations.states, r), apart=False)
    write("observe", lambda r: rosenbrock.observe(over, equations, tableau, r))
    modules = [over.module] if apart is over else [apart.module, over.module]
    return [str(module) for module in modules], layout_of(equations, tableau, outputs)


def _write_step(over: LlvmArithmetic, apart: LlvmArithmetic, equations: Equations, tableau: Tableau) -> ir.Function:
    """Write the functions of a step, and one that calls them in their order.

    over, apart   what writes into the module of the step, and into that of its first stage
    """
    first_names = ("state", "constants", "step", "factors", "stages")
    point_names = ("state", "step", "point", "stages")
    later_names = ("constants", "point", "factors", "stage")
    finish_names = tuple(name for name in STEP if name not in ("constants", "step", "factors"))

    def write(name: str, arguments: Sequence[str], body: Callable[[SimpleNamespace], Any]) -> ir.Function:
        r = over.function(name, arguments, inner=True)
        body(r)
        over.builder.ret_void()
        return over.module.get_global(name)

    rosenbrock.first_stage(apart, equations, tableau, apart.function("first_stage", first_names, inner=apart is over))
    apart.builder.ret_void()
    first = apart.module.get_global("first_stage")
    if apart is not over:
        first = ir.Function(over.module, first.function_type, first.name)
    later = write("later_stage", later_names, lambda r: rosenbrock.later_stage(over, equations, r))

    def write_point(stage: int) -> ir.Function:
        name = f"stage_point_{stage}"
        return write(name, point_names, lambda r: rosenbrock.stage_point(over, equations, tableau, stage, r))

    points = {stage: write_point(stage) for stage in range(1, tableau.stages)}
    finish = write("finish", finish_names, lambda r: rosenbrock.finish(over, equations, tableau, r))

    def call_later(stage: int) -> None:
        at_stage = SimpleNamespace(**vars(r), stage=rosenbrock.stage_rows(over, equations, stage, r))
        _calling(over, later, at_stage, later_names)()

    r = over.function("step", STEP, apart=False)
    rosenbrock.take_step(
        tableau,
        _calling(over, first, r, first_names),
        lambda stage: _calling(over, points[stage], r, point_names)(),
        call_later,
        _calling(over, finish, r, finish_names),
    )
    over.builder.ret_void()
    return over.module.get_global("step")


def _calling(
    over: LlvmArithmetic, function: ir.Function, r: SimpleNamespace, names: Sequence[str]
) -> Callable[[], Any]:
    """What writes a call with arrays of a record by name."""
    return lambda: over.builder.call(function, [getattr(r, name) for name in names])
