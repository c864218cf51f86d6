"""A checked model -> equations over any arithmetic: graph, derivatives, elimination order, NumPy, LLVM, machine code in memory."""

from resprout.compile.machine import host_width

__all__ = ["host_width"]
