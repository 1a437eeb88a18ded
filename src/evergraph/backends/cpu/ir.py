"""A small writer of LLVM IR text: typed values, structured loops and branches.

Loop counters and accumulators live in stack slots, which LLVM's SROA pass turns into registers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .host import Target


@dataclass(frozen=True, slots=True)
class Value:
    """An SSA value or a constant: its LLVM type and its name in the text."""

    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type} {self.name}"


def vector(element: str, lanes: int) -> str:
    """The type of so many elements; one element is the scalar itself."""
    return element if lanes == 1 else f"<{lanes} x {element}>"


def element_of(kind: str) -> str:
    """The element type of a vector type, a scalar type itself."""
    return kind.split(" x ")[1].rstrip(">") if kind.startswith("<") else kind


def lanes_of(kind: str) -> int:
    """How many elements a type has."""
    return int(kind[1:].split(" x ")[0]) if kind.startswith("<") else 1


def float_text(element: str, value: float) -> str:
    """A floating-point constant, exactly, as IR text."""
    if element == "float":
        value = struct.unpack("f", struct.pack("f", value))[0]
    if element in ("float", "double"):
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    if element == "half":
        return f"0xH{struct.unpack('<H', struct.pack('<e', value))[0]:04X}"
    raise ValueError(f"No constants of type {element}.")


class Emitter:
    """Writes one function, `i64 @kernel(ptr %args, i64 %part, i64 %parts)`."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.lines: list[str] = []
        self.stack: list[str] = []  # the entry block's stack slots
        self.outside: dict[str, None] = {}  # declarations and helper functions, in order
        self.count = 0
        self.block = "entry"
        self.args = Value("ptr", "%args")
        self.part = Value("i64", "%part")
        self.parts = Value("i64", "%parts")

    def text(self, parameters: str = "ptr noalias %args, i64 %part, i64 %parts") -> str:
        """The module. The function returns 0 at its end."""
        slots = "".join(f"  {line}\n" for line in self.stack)
        code = "".join(f"{line}\n" if line.endswith(":") else f"  {line}\n" for line in self.lines)
        outside = "\n".join(self.outside)
        return (
            f"{outside}\ndefine i64 @kernel({parameters}) {{\nentry:\n"
            f"{slots}  br label %start\nstart:\n{code}  ret i64 0\n}}\n"
        )

    # -- values ----------------------------------------------------------------------------

    def fresh(self, prefix: str = "v") -> str:
        """A new name."""
        self.count += 1
        return f"%{prefix}{self.count}"

    def add(self, line: str) -> None:
        """One instruction without a result."""
        self.lines.append(line)

    def op(self, text: str, kind: str) -> Value:
        """One instruction with a result of this type."""
        name = self.fresh()
        self.lines.append(f"{name} = {text}")
        return Value(kind, name)

    def declare(self, text: str) -> None:
        """A declaration or a helper function, written once."""
        self.outside[text] = None

    def const(self, kind: str, value: float | int) -> Value:
        """A constant; of a vector type, in all lanes."""
        element = element_of(kind)
        if element in ("float", "double", "half"):
            text = float_text(element, float(value))
        elif element == "i1":
            text = "true" if value else "false"
        else:
            text = str(int(value))
        if kind.startswith("<"):
            text = f"splat ({element} {text})"
        return Value(kind, text)

    def bin(self, opcode: str, a: Value, b: Value | int | float) -> Value:
        """`add`, `fmul`, ... of two values of one type; numbers become constants."""
        if not isinstance(b, Value):
            b = self.const(a.type, b)
        return self.op(f"{opcode} {a.type} {a.name}, {b.name}", a.type)

    def compare(self, opcode: str, a: Value, b: Value | int | float) -> Value:
        """`icmp ult`, `fcmp oge`, ...: i1 in each lane."""
        if not isinstance(b, Value):
            b = self.const(a.type, b)
        kind = vector("i1", lanes_of(a.type))
        return self.op(f"{opcode} {a.type} {a.name}, {b.name}", kind)

    def select(self, test: Value, a: Value, b: Value) -> Value:
        """`a` where `test`, else `b`."""
        return self.op(f"select {test}, {a}, {b}", a.type)

    def convert(self, opcode: str, a: Value, kind: str) -> Value:
        """`zext`, `fpext`, `bitcast`, ... to a type."""
        return a if kind == a.type else self.op(f"{opcode} {a} to {kind}", kind)

    def call(self, name: str, kind: str, values: Sequence[Value], *, declare: bool = True) -> Value:
        """A call of an intrinsic or helper function, declared on the way."""
        if declare:
            self.declare(f"declare {kind} @{name}({', '.join(v.type for v in values)})")
        return self.op(f"call {kind} @{name}({', '.join(map(str, values))})", kind)

    def unary_intrinsic(self, name: str, a: Value, *more: Value) -> Value:
        """`llvm.NAME` overloaded on its first operand's type, e.g. `fabs`, `fma`, `sqrt`."""
        lanes, element = lanes_of(a.type), element_of(a.type)
        short = {"float": "f32", "double": "f64", "half": "f16"}.get(element, element)
        suffix = short if lanes == 1 else f"v{lanes}{short}"
        return self.call(f"llvm.{name}.{suffix}", a.type, [a, *more])

    def splat(self, a: Value, lanes: int) -> Value:
        """A scalar in all lanes."""
        if lanes == 1:
            return a
        kind = vector(a.type, lanes)
        first = self.op(f"insertelement {kind} poison, {a}, i64 0", kind)
        zeros = f"<{lanes} x i32> zeroinitializer"
        return self.op(f"shufflevector {first}, {kind} poison, {zeros}", kind)

    # -- memory ----------------------------------------------------------------------------

    def slot(self, index: int, kind: str = "i64") -> Value:
        """The argument block's slot of this number."""
        at = self.op(f"getelementptr i8, ptr %args, i64 {8 * index}", "ptr")
        return self.op(f"load {kind}, ptr {at.name}, align 8", kind)

    def pointer(self, index: int) -> Value:
        """A slot that holds an address."""
        return self.slot(index, "ptr")

    def offset(self, base: Value, by: Value | int) -> Value:
        """An address so many bytes further."""
        if not isinstance(by, Value):
            by = Value("i64", str(by))
        return self.op(f"getelementptr i8, {base}, {by}", "ptr")

    def load(self, kind: str, at: Value, align: int = 1) -> Value:
        """A load; by default of any alignment."""
        return self.op(f"load {kind}, {at}, align {align}", kind)

    def store(self, value: Value, at: Value, align: int = 1) -> None:
        """A store; by default of any alignment."""
        self.add(f"store {value}, {at}, align {align}")

    def variable(self, kind: str, start: Value | None = None) -> Value:
        """A stack slot, set to `start` here."""
        name = self.fresh("s")
        self.stack.append(f"{name} = alloca {kind}, align 64")
        place = Value("ptr", name)
        if start is not None:
            self.set(place, start)
        return place

    def get(self, place: Value, kind: str) -> Value:
        """What a stack slot holds."""
        return self.op(f"load {kind}, {place}", kind)

    def set(self, place: Value, value: Value) -> None:
        """Sets a stack slot."""
        self.add(f"store {value}, {place}")

    # -- control ---------------------------------------------------------------------------

    def label(self, name: str) -> None:
        """Ends the block with a jump to a new one."""
        self.add(f"br label %{name}")
        self.start(name)

    def start(self, name: str) -> None:
        """Starts a block, after an instruction that ends the last one."""
        self.lines.append(f"{name}:")
        self.block = name

    @contextmanager
    def loop(
        self, start: Value | int, stop: Value, step: Value | int = 1, *, latch: str = "slt"
    ) -> Iterator[Value]:
        """`for i in range(start, stop, step)`: gives i. Written with the test at the top."""
        self.count += 1
        n = self.count
        first = start if isinstance(start, Value) else Value("i64", str(start))
        by = step if isinstance(step, Value) else Value("i64", str(step))
        place = self.variable("i64", first)
        self.label(f"head{n}")
        i = self.get(place, "i64")
        going = self.compare(f"icmp {latch}", i, stop)
        self.add(f"br {going}, label %body{n}, label %after{n}")
        self.start(f"body{n}")
        yield i
        self.set(place, self.bin("add", i, by))
        self.add(f"br label %head{n}")
        self.start(f"after{n}")

    @contextmanager
    def when(self, test: Value) -> Iterator[None]:
        """`if test:`."""
        self.count += 1
        n = self.count
        self.add(f"br {test}, label %then{n}, label %done{n}")
        self.start(f"then{n}")
        yield
        self.label(f"done{n}")

    def negate(self, test: Value) -> Value:
        """The opposite of an i1."""
        return self.bin("xor", test, 1)

    def fail(self, test: Value, code: int) -> None:
        """Returns this error code where the (scalar) test holds."""
        with self.when(test):
            self.add(f"ret i64 {code}")
            self.start(f"unreached{self.count}")

    def minimum(self, a: Value, b: Value) -> Value:
        """The lesser of two i64."""
        return self.select(self.compare("icmp slt", a, b), a, b)

    def share(self, count: Value) -> tuple[Value, Value]:
        """This part's share [start, stop) of `count` items, contiguous, sizes within one."""
        low = self.bin("udiv", self.bin("mul", count, self.part), self.parts)
        following = self.bin("add", self.part, 1)
        return low, self.bin("udiv", self.bin("mul", count, following), self.parts)
