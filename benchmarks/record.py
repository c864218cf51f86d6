"""Measure the engine on this machine and write benchmarks/recorded.json, from which the documentation draws.

    python benchmarks/record.py            # everything
    python benchmarks/record.py repeated   # one part anew: bench, repeated, work_precision, scaling or peak

Ratios beside named programs of the same run are what counts; absolute times belong to the machine named in the file.
"""

from __future__ import annotations

import json
import platform
import re
import sys
import time
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir
import numpy as np
from numba import njit

from resprout.compile import host_width
from resprout.compile.llvm_arithmetic import LlvmArithmetic
from resprout.compile.machine import load_code, object_codes, pruned
from resprout.crosscheck.benchmark import (
    OUTPUTS,
    BenchmarkCohort,
    bench,
    benchmark_cohort,
    engine_error,
    engine_seconds,
)
from resprout.language import load_model
from resprout.solve import METHODS, run_patients
from resprout.solve.driver_arrays import aligned_rows
from resprout.solve.kernel_code import Bound
from resprout.solve.kernels import write_kernels
from resprout.solve.lanes import call
from resprout.solve.run import perturbed_names

TOLERANCES = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6)
FLOPS = {"fmul": 1, "fadd": 1, "fsub": 1, "fdiv": 1, "call": 1}
REPEATED = {"esketamine 84 mg nasal; every 84 h x 8": 28.0, "escitalopram 10 mg oral; every 24 h x 98": 98.0}
"""Repeated doses, and for how many days."""
REPEATED_PROGRAMS = ("libRoadRunner", "AMICI", "pydiffsol")
"""Peers that are timed there: with COPASI and diffrax one regimen takes more than twenty minutes."""
FILE = Path(__file__).with_name("recorded.json")


def work_precision(cohort: BenchmarkCohort) -> list[dict[str, Any]]:
    """Error against time for every method and tolerance."""
    return [
        {
            "method": method,
            "tolerance": tolerance,
            "error": engine_error(cohort, tolerance, method),
            "seconds_per_patient": engine_seconds(cohort, tolerance, method),
        }
        for method in METHODS
        for tolerance in TOLERANCES
    ]


def scaling(cohort: BenchmarkCohort) -> dict[str, list[dict[str, float]]]:
    """Seconds per patient against the number of patients, of outputs, and of states that are solved."""
    patients = [
        {"patients": count, "seconds_per_patient": _seconds(cohort, count, OUTPUTS)} for count in (8, 64, 512, 2048)
    ]
    names = list(dict.fromkeys([*OUTPUTS, *cohort.model.equations]))
    outputs = [
        {"outputs": count, "seconds_per_patient": _seconds(cohort, 512, tuple(names[:count]))}
        for count in (1, 8, 40, 120)
    ]
    size = [
        {"states": _states(cohort, wanted), "seconds_per_patient": _seconds(cohort, 512, wanted)}
        for wanted in (("ketamine_venous",), ("PV_NMDA_block",), ("HDRS17",), OUTPUTS, tuple(names))
    ]
    return {"patients": patients, "outputs": outputs, "states": size}


def _seconds(cohort: BenchmarkCohort, count: int, outputs: tuple[str, ...]) -> float:
    few, events = cohort.first(count)
    taken = []
    for _ in range(4):
        begun = time.process_time()
        run_patients(cohort.model, few, events, cohort.hours, outputs, threads=1)
        taken.append(time.process_time() - begun)
    return min(taken[1:]) / count


def _system(cohort: BenchmarkCohort, outputs: tuple[str, ...]):
    return pruned(cohort.model, outputs, perturbed_names(cohort.model, cohort.events, cohort.constants))


def _states(cohort: BenchmarkCohort, outputs: tuple[str, ...]) -> int:
    return len(_system(cohort, outputs).states)


def flops_of_a_step(cohort: BenchmarkCohort) -> float:
    """Additions, products and quotients of one patient's step; an approximated function counts as its operations."""
    tableau = METHODS["Rodas4"]
    texts, _ = write_kernels(_system(cohort, OUTPUTS), OUTPUTS, tableau, 1)
    text = "\n".join(texts)
    later = len(tableau.a) - 1
    calls = {"first_stage": 1, "later_stage": later, "finish": 1}
    calls |= {f"stage_point_{number}": 1 for number in range(1, later + 1)}
    return float(sum(count * _flops(text, name) for name, count in calls.items()))


def _flops(text: str, function: str) -> int:
    body = re.search(rf'define [\w ]*void @"{function}".*?\n}}', text, re.DOTALL)
    assert body is not None
    total = 0
    for block in re.split(r"\n(?=\S+:\n)", body[0]):
        # the only loops count rows upwards in fixed strides
        loop = re.search(r"add i64 .*, (\d+)\n.*icmp ult i64 .*, (\d+)\n", block)
        passes = int(loop[2]) // int(loop[1]) if loop else 1
        total += passes * sum(len(re.findall(rf"= {name} ", block)) * weight for name, weight in FLOPS.items())
    return total


def peak_flops() -> float:
    """Fused multiply-adds per second of one core, twice: the limit that no straight-line code can pass."""
    width, chains, rounds = host_width(), 16, 64
    module = ir.Module("peak")
    writer = LlvmArithmetic(module, width)
    memory = writer.function("peak", ("memory",)).memory
    values = [writer.load(memory, row) for row in range(chains)]
    factor, term = writer.number(0.999), writer.number(1e-3)
    # the intrinsic, because products and sums that may be reordered would be folded into one
    kind = ir.FunctionType(writer.real, [writer.real] * 3)
    fused = ir.Function(module, kind, f"llvm.fma.v{width}f64")
    for _ in range(rounds):
        values = [writer.builder.call(fused, [value, factor, term]) for value in values]
    for row, value in enumerate(values):
        writer.store(value, memory, row)
    writer.builder.ret_void()
    engine, address = load_code(object_codes([str(module)]), ("peak",))
    room = aligned_rows(chains, width)

    @njit
    def many(kernel, count):
        for _ in range(count):
            call(kernel)

    count = 100_000
    kernel = Bound(np.int64(address["peak"]), (np.int64(room.ctypes.data),))
    many(kernel, 10)
    taken = []
    for _ in range(5):
        begun = time.process_time()
        many(kernel, count)
        taken.append(time.process_time() - begun)
    del engine
    return 2 * width * chains * rounds * count / min(taken)


def share_of_peak(cohort: BenchmarkCohort) -> dict[str, float]:
    """How near the engine comes to the limit of the core."""
    steps = run_patients(cohort.model, cohort.constants, cohort.events, cohort.hours, OUTPUTS, threads=1).steps.mean()
    seconds = engine_seconds(cohort, 5e-6, "Rodas4")
    per_step, peak = flops_of_a_step(cohort), peak_flops()
    return {
        "flops_per_step": per_step,
        "steps_per_patient": float(steps),
        "flops_per_patient": per_step * float(steps),
        "peak_gflops": peak / 1e9,
        "reached_gflops": per_step * float(steps) / seconds / 1e9,
        "share": per_step * float(steps) / seconds / peak,
    }


def _repeated(given: str, days: float) -> list[dict[str, Any]]:
    return bench(regimen=given, days=days, whole=False, programs=REPEATED_PROGRAMS)


def main() -> None:
    """Measure what is asked for, or everything, and write the file."""
    model, cohort = load_model(), benchmark_cohort()
    parts = {
        "bench": lambda: {str(target): bench(target) for target in (1e-4,)},
        "repeated": lambda: {given: _repeated(given, days) for given, days in REPEATED.items()},
        "work_precision": lambda: work_precision(cohort),
        "scaling": lambda: scaling(cohort),
        "peak": lambda: share_of_peak(cohort),
    }
    told = json.loads(FILE.read_text()) if FILE.exists() else {}
    for part in sys.argv[1:] or parts:
        told[part] = parts[part]()
        told["machine"] = f"{llvm.get_host_cpu_name()}, {host_width()} doubles per vector, {platform.system()}"
        told["model"] = {"digest": model.digest, "states": len(model.states), "constants": len(model.constants)}
        FILE.write_text(json.dumps(told, indent=1) + "\n")
        print(f"measured {part}", flush=True)


if __name__ == "__main__":
    main()
