"""LLVM text -> machine code for one processor; run as a program, it does so for a text that another process hands it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

import llvmlite.binding as llvm

LARGE_TEXT = 4_000_000
"""Characters of LLVM text from which on instructions are chosen and ordered with less care, in two thirds of the time; measured, such code runs as fast."""


def made_code(texts: Sequence[str], processor: str, features: str) -> list[bytes]:
    """Optimised machine code of each text; where there is much, all but the last are compiled by processes of their own, at the same time.

    texts                 modules that call one another's functions
    processor, features   as LLVM names them
    returns               code of each text, the same by whichever process it was made
    """
    large = sum(len(text) for text in texts) > LARGE_TEXT
    care = 1 if large else 3
    if not large:
        return [_compiled(text, processor, features, care) for text in texts]
    asked = [json.dumps([text, processor, features, care]).encode() for text in texts[:-1]]
    with contextlib.ExitStack() as helpers:
        begun = [helpers.enter_context(_compiling(request)) for request in asked]
        last = _compiled(texts[-1], processor, features, care)
        made = [_answer_of(helper) for helper in begun]
    # a process that could not be started or did not finish costs time, nothing else
    codes = [code or _compiled(text, processor, features, care) for code, text in zip(made, texts[:-1], strict=True)]
    return [*codes, last]


@contextlib.contextmanager
def _compiling(request: bytes) -> Iterator[subprocess.Popen[bytes] | None]:
    """A process that has been handed a request; None where there can be none."""
    command = [sys.executable, "-m", "resprout.compile.object_code"]
    try:
        helper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except (OSError, ValueError):
        yield None
        return
    try:
        if helper.stdin is not None:
            with contextlib.suppress(OSError), helper.stdin as pipe:
                pipe.write(request)
        yield helper
    finally:
        helper.kill()
        if helper.stdout is not None:
            helper.stdout.close()
        helper.wait()


def _answer_of(helper: subprocess.Popen[bytes] | None) -> bytes:
    """What a process wrote; nothing where it failed."""
    if helper is None or helper.stdout is None:
        return b""
    code = helper.stdout.read()
    return code if helper.wait() == 0 else b""


def target_machine(processor: str, features: str, care: int = 3) -> llvm.TargetMachine:
    """What makes and loads code for a processor; `care` is LLVM's level of optimisation, 0 to 3."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(cpu=processor, features=features, opt=care, jit=True)


def _compiled(text: str, processor: str, features: str, care: int) -> bytes:
    machine = target_machine(processor, features, care)
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    # the loops are there to keep the code small
    options.loop_unrolling = False
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(module, passes)
    return bytes(machine.emit_object(module))


def main() -> None:
    """Write the machine code of the request that is read from the standard input."""
    code = _compiled(*json.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(code)


if __name__ == "__main__":
    main()
