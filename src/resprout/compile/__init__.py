"""A checked model -> straight-line batch kernels: graph, derivatives, elimination order, LLVM, machine code on disk."""

from resprout.compile.machine import Kernel, build_kernel, forget_kernels, host_width
from resprout.compile.tableau import METHODS

__all__ = ["METHODS", "Kernel", "build_kernel", "forget_kernels", "host_width"]
