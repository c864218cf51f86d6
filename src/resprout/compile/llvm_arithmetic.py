"""The solver's arithmetic as LLVM vector instructions, one lane per patient; exp and ln are inlined polynomials so that vectors stay vectors."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TypeAlias

import llvmlite.ir as ir
import numpy as np

from resprout.compile.approximate import fitted, log_ratio_over

Row: TypeAlias = int | ir.Value
FAST = ("nsz", "arcp", "contract", "reassoc")
ROUNDER = 1.5 * 2.0**52
BITS_OF_ROOT_HALF = int(np.float64(math.sqrt(0.5)).view(np.int64))
EXPONENT_BITS = 0xFFF << 52
SMALLEST = 2.2250738585072014e-308
# degrees at which the fits are within a few units of the last place of double precision
EXP_SERIES = fitted(np.exp, -math.log(2.0) / 2, math.log(2.0) / 2, 10)
LOG_SERIES = fitted(log_ratio_over, 0.0, ((math.sqrt(2.0) - 1) / (math.sqrt(2.0) + 1)) ** 2, 6)


class LlvmArithmetic:
    """`compile.arithmetic.RowArithmetic` as an LLVM builder whose values are vectors of `width` doubles."""

    def __init__(self, module: ir.Module, width: int, *, exact: bool = False) -> None:
        """Write into a module; `exact` where every operation is to be rounded as it stands."""
        self.module = module
        self.flags = () if exact else FAST
        self.width = width
        self.real = ir.VectorType(ir.DoubleType(), width)
        self.whole = ir.VectorType(ir.IntType(64), width)
        self.pointer = ir.DoubleType().as_pointer()
        self.builder = ir.IRBuilder()

    def function(
        self, name: str, arguments: Sequence[str], *, inner: bool = False, apart: bool = True
    ) -> SimpleNamespace:
        """Open a function of pointers to double and start writing its body.

        arguments   names of the pointers
        inner       only other functions of the module call it
        apart       no two arguments point at the same numbers
        returns     the pointers by name
        """
        kind = ir.FunctionType(ir.VoidType(), [self.pointer] * len(arguments))
        made = ir.Function(self.module, kind, name)
        if inner:
            made.linkage = "internal"
            made.attributes.add("noinline")
        for argument in made.args if apart else ():
            argument.add_attribute("noalias")
        self.builder = ir.IRBuilder(made.append_basic_block())
        return SimpleNamespace(**dict(zip(arguments, made.args, strict=True)))

    def number(self, value: float) -> ir.Constant:
        """The same number in every lane."""
        return ir.Constant(self.real, [float(value)] * self.width)

    def _whole(self, value: int) -> ir.Constant:
        return ir.Constant(self.whole, [value] * self.width)

    def each_row(
        self, count: int, together: int, body: Callable[[Sequence[Row], ir.Value], ir.Value], carried: ir.Value
    ) -> ir.Value:
        """Write a loop over `count` rows, some at a time, so that many rows take few bytes of the instruction cache.

        body      writes the instructions for some rows, given what is carried from pass to pass; returns it as it is after
        returns   what is carried out of the last pass
        """
        passes, whole = count // together, ir.IntType(64)
        if passes > 1:
            before, function = self.builder.block, self.builder.function
            inside, after = function.append_basic_block(), function.append_basic_block()
            self.builder.branch(inside)
            self.builder.position_at_end(inside)
            row, handed = self.builder.phi(whole), self.builder.phi(carried.type)
            row.add_incoming(whole(0), before)
            handed.add_incoming(carried, before)
            carried = body([self.row_after(row, later) for later in range(together)], handed)
            following = self.builder.add(row, whole(together))
            row.add_incoming(following, self.builder.block)
            handed.add_incoming(carried, self.builder.block)
            self.builder.cbranch(self.builder.icmp_unsigned("<", following, whole(passes * together)), inside, after)
            self.builder.position_at_end(after)
        elif passes:
            carried = body(range(together), carried)
        left = range(passes * together, count)
        return body(left, carried) if left else carried

    def row_after(self, row: Row, later: Row) -> Row:
        """The row that comes `later` rows after another."""
        if isinstance(row, int) and isinstance(later, int):
            return row + later
        return self.builder.add(self._index(row), self._index(later)) if later else row

    def _index(self, row: Row) -> ir.Value:
        return ir.IntType(64)(row) if isinstance(row, int) else row

    def table(self, numbers: Sequence[int]) -> ir.GlobalVariable:
        """Whole numbers beside the code, the same for every lane; equal tables are one."""
        kind = ir.ArrayType(ir.IntType(32), max(len(numbers), 1))
        name = f"table_{hashlib.blake2b(np.array(numbers, dtype=np.int32).tobytes(), digest_size=8).hexdigest()}"
        if name in self.module.globals:
            return self.module.get_global(name)
        made = ir.GlobalVariable(self.module, kind, name)
        made.global_constant, made.linkage = True, "internal"
        made.initializer = ir.Constant(kind, [int(number) for number in numbers] or [0])
        return made

    def entry(self, table: ir.GlobalVariable, place: Row) -> ir.Value:
        """A number of a table, as a row."""
        where = self.builder.gep(table, [ir.IntType(32)(0), self._index(place)], inbounds=True)
        return self.builder.zext(self.builder.load(where), ir.IntType(64))

    def repeat(self, first: Row, end: Row, body: Callable[[Row, ir.Value], ir.Value], carried: ir.Value) -> ir.Value:
        """Write a loop over the rows from `first` to before `end`; gives what is carried out of the last pass."""
        first, end, before, function = self._index(first), self._index(end), self.builder.block, self.builder.function
        inside, after = function.append_basic_block(), function.append_basic_block()
        self.builder.cbranch(self.builder.icmp_unsigned("<", first, end), inside, after)
        self.builder.position_at_end(inside)
        row, handed = self.builder.phi(first.type), self.builder.phi(carried.type)
        result = body(row, handed)
        following, last = self.builder.add(row, first.type(1)), self.builder.block
        self.builder.cbranch(self.builder.icmp_unsigned("<", following, end), inside, after)
        for phi, given in ((row, (first, following)), (handed, (carried, result))):
            phi.add_incoming(given[0], before)
            phi.add_incoming(given[1], last)
        self.builder.position_at_end(after)
        left = self.builder.phi(carried.type)
        left.add_incoming(carried, before)
        left.add_incoming(result, last)
        return left

    def load(self, pointer: ir.Value, row: Row = 0) -> ir.Value:
        """Row `row` of an array [row, lane]."""
        value = self.builder.load(self._row(pointer, row))
        value.align = min(64, 8 * self.width)
        return value

    def store(self, value: ir.Value, pointer: ir.Value, row: Row = 0) -> None:
        """Write row `row` of an array [row, lane]."""
        self.builder.store(value, self._row(pointer, row)).align = min(64, 8 * self.width)

    def store_bits(self, held: ir.Value, pointer: ir.Value) -> None:
        """Write which lanes hold as the bits of a whole number, itself written as one double."""
        bits = self.builder.bitcast(held, ir.IntType(self.width))
        self.builder.store(self.builder.uitofp(bits, ir.DoubleType()), pointer)

    def _row(self, pointer: ir.Value, row: Row) -> ir.Value:
        return self.builder.bitcast(self.rows_from(pointer, row), self.real.as_pointer())

    def rows_from(self, pointer: ir.Value, row: Row) -> ir.Value:
        """Where a row of an array [row, lane] begins."""
        whole = ir.IntType(64)
        if isinstance(row, int):
            return self.builder.gep(pointer, [whole(row * self.width)], inbounds=True)
        return self.builder.gep(pointer, [self.builder.mul(row, whole(self.width))], inbounds=True)

    def broadcast(self, pointer: ir.Value, index: Row) -> ir.Value:
        """One double of an array [index], the same in every lane."""
        place = self.builder.gep(pointer, [ir.IntType(64)(index) if isinstance(index, int) else index], inbounds=True)
        single = self.builder.insert_element(
            ir.Constant(self.real, ir.Undefined), self.builder.load(place), ir.IntType(32)(0)
        )
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.builder.shuffle_vector(single, ir.Constant(self.real, ir.Undefined), zeros)

    def add(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """left + right."""
        return self.builder.fadd(left, right, flags=self.flags)

    def subtract(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """left - right."""
        return self.builder.fsub(left, right, flags=self.flags)

    def multiply(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """left x right."""
        return self.builder.fmul(left, right, flags=self.flags)

    def divide(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """left / right."""
        return self.builder.fdiv(left, right)

    def maximum(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """The larger of two; the right one where either is not a number."""
        return self.builder.select(self.builder.fcmp_ordered(">", left, right), left, right)

    def minimum(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """The smaller of two; the right one where either is not a number."""
        return self.builder.select(self.builder.fcmp_ordered("<", left, right), left, right)

    def _intrinsic(self, name: str, value: ir.Value) -> ir.Value:
        """An LLVM intrinsic of one vector argument."""
        full = f"llvm.{name}.v{self.width}f64"
        known = self.module.globals.get(full) or ir.Function(self.module, ir.FunctionType(self.real, [self.real]), full)
        return self.builder.call(known, [value])

    def less(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """left < right."""
        return self.builder.fcmp_ordered("<", left, right)

    def at_most(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """left <= right."""
        return self.builder.fcmp_ordered("<=", left, right)

    def equal(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """left = right."""
        return self.builder.fcmp_ordered("==", left, right)

    def both(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """Whether both hold."""
        return self.builder.and_(left, right)

    def either(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """Whether at least one holds."""
        return self.builder.or_(left, right)

    def negated(self, held: ir.Value) -> ir.Value:
        """Whether it does not hold."""
        return self.builder.not_(held)

    def choose(self, held: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
        """left where it holds, else right."""
        return self.builder.select(held, left, right)

    def call(self, name: str, arguments: Sequence[ir.Value]) -> ir.Value:
        """A function of the C library, lane by lane."""
        single = ir.DoubleType()
        kind = ir.FunctionType(single, [single] * len(arguments))
        known = self.module.globals.get(name) or ir.Function(self.module, kind, name)
        result = ir.Constant(self.real, ir.Undefined)
        for lane in range(self.width):
            place = ir.IntType(32)(lane)
            single_lane = [self.builder.extract_element(argument, place) for argument in arguments]
            result = self.builder.insert_element(result, self.builder.call(known, single_lane), place)
        return result

    def absolute(self, value: ir.Value) -> ir.Value:
        """Absolute value."""
        return self._intrinsic("fabs", value)

    def sqrt(self, value: ir.Value) -> ir.Value:
        """Square root."""
        return self._intrinsic("sqrt", value)

    def sign_of_product(self, values: Sequence[ir.Value]) -> ir.Value:
        """1 or -1: the sign of a product that itself may be too large or too small for a double."""
        builder = self.builder
        signs = [builder.bitcast(value, self.whole) for value in values]
        sign = builder.and_(functools.reduce(builder.xor, signs, self._whole(0)), self._whole(1 << 63))
        return builder.bitcast(builder.or_(sign, self._whole(0x3FF << 52)), self.real)

    def exp(self, value: ir.Value) -> ir.Value:
        """e^x for x in [-700, 700], right to 14 digits, 13 at the edges; outside, the value at the edge."""
        builder, contract = self.builder, ("contract",)
        value = self.minimum(self.maximum(value, self.number(-700.0)), self.number(700.0))
        # adding 1.5 x 2^52 rounds and leaves the whole number in the low bits; converting costs a scalar detour with AVX2
        scaled = builder.fmul(value, self.number(1.0 / math.log(2.0)), flags=contract)
        shifted = builder.fadd(scaled, self.number(ROUNDER), flags=contract)
        count = builder.fsub(shifted, self.number(ROUNDER))
        remainder = builder.fsub(value, builder.fmul(count, self.number(math.log(2.0)), flags=contract), flags=contract)
        result = self._polynomial(EXP_SERIES, remainder)
        # the result lies between 1/2 and 2, so a whole number added to its exponent's bits multiplies it by a power of 2
        exponent = builder.shl(builder.bitcast(shifted, self.whole), self._whole(52))
        return builder.bitcast(builder.add(builder.bitcast(result, self.whole), exponent), self.real)

    def log(self, value: ir.Value) -> ir.Value:
        """ln x; x below the smallest normal number counts as that number."""
        builder = self.builder
        bits = builder.bitcast(self.maximum(value, self.number(SMALLEST)), self.whole)
        # counted from sqrt(1/2), so that what is left when whole powers of 2 are taken away lies around 1
        shifted = builder.sub(bits, self._whole(BITS_OF_ROOT_HALF))
        powers = builder.and_(shifted, self._whole(EXPONENT_BITS))
        part = builder.bitcast(builder.sub(bits, powers), self.real)
        # the bits of 2^52 with a small whole number in them are the double 2^52 + that number
        exponent = builder.lshr(builder.add(shifted, self._whole(1023 << 52)), self._whole(52))
        exponent = builder.or_(exponent, self._whole(0x433 << 52))
        count = builder.fsub(builder.bitcast(exponent, self.real), self.number(2.0**52 + 1023))
        ratio = builder.fdiv(builder.fsub(part, self.number(1.0)), builder.fadd(part, self.number(1.0)))
        square = self.multiply(ratio, ratio)
        series = self._polynomial(LOG_SERIES, square)
        return self.add(self.multiply(count, self.number(math.log(2.0))), self.multiply(ratio, series))

    def _polynomial(self, series: Sequence[float], value: ir.Value) -> ir.Value:
        """By Estrin's scheme: pairs, then pairs of pairs, so that few operations wait for one another."""
        terms: list[ir.Value] = [self.number(coefficient) for coefficient in series]
        while len(terms) > 1:
            pairs = zip(terms[::2], terms[1::2], strict=False)
            joined = [self.add(low, self.multiply(high, value)) for low, high in pairs]
            terms = [*joined, terms[-1]] if len(terms) % 2 else joined
            value = self.multiply(value, value)
        return terms[0]
