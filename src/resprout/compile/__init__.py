"""A checked model -> straight-line batch kernels: graph, derivatives, elimination order, LLVM, machine code on disk."""

from resprout.compile.machine import Kernel, build_kernel, host_width

__all__ = ["Kernel", "build_kernel", "host_width"]
