"""From LLVM IR to functions in memory: compiled once, kept on disk, linked when used."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from .host import Target, host
from .objects import ObjectStore

_PLACEHOLDER = "@kernel("
"""Every module defines one function of this name; it gets its own when it is compiled."""


@cache
def _code_version() -> str:
    """A digest of the code generator itself: kernels of another version are not used."""
    digest = hashlib.sha256(repr(llvm.llvm_version_info).encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _initialize() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


def target_machine(target: Target) -> llvm.TargetMachine:
    """LLVM's code generator for a target."""
    _initialize()
    found = llvm.Target.from_triple(target.triple)
    return found.create_target_machine(
        cpu=target.cpu, features=target.features, opt=2, reloc="default", codemodel="jitdefault"
    )


def optimized(machine: llvm.TargetMachine, ir: str) -> llvm.ModuleRef:
    """The module of an IR text after the few passes that explicit vectors need."""
    module = llvm.parse_assembly(ir)
    module.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(2))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return module


class Library:
    """The compiled functions of one target, by key.

    `function(key, emit)` gives the address of the function that `emit()` writes: a module's text
    with one definition, `@kernel`. Equal keys must mean equal text.
    """

    def __init__(self, target: Target | None = None, store: ObjectStore | None = None) -> None:
        self.target = target or host()
        self.store = store or ObjectStore()
        self.addresses: dict[str, int] = {}
        self.compiled = 0
        self.lock = threading.RLock()
        self.machine = target_machine(self.target)
        self.engine: Any = None

    def _engine(self) -> Any:
        if self.engine is None:
            empty = llvm.parse_assembly(f'target triple = "{self.target.triple}"')
            self.engine = llvm.create_mcjit_compiler(empty, target_machine(self.target))
        return self.engine

    def function(self, key: str, emit: Callable[[], str]) -> int:
        """The address of a kernel."""
        address = self.addresses.get(key)
        if address is None:
            with self.lock:
                address = self.addresses.get(key)
                if address is None:
                    address = self.addresses[key] = self._load(key, emit)
        return address

    def _load(self, key: str, emit: Callable[[], str]) -> int:
        text = f"{_code_version()}|{self.target.key}|{key}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:40]
        name = f"eg_{digest}"
        code = self.store.get(digest)
        if code is None:
            code = self.compile(emit().replace(_PLACEHOLDER, f"@{name}("))
            self.store.put(digest, code)
        engine = self._engine()
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        address: int = engine.get_function_address(name)
        if not address:
            raise RuntimeError(f"The kernel {key!r} could not be linked.")
        return address

    def compile(self, ir: str) -> bytes:
        """The object code of a module."""
        self.compiled += 1
        module = optimized(self.machine, f'target triple = "{self.target.triple}"\n{ir}')
        code: bytes = self.machine.emit_object(module)
        return code

    def assembly(self, ir: str) -> str:
        """The assembly text of a module, to look at and for tests."""
        module = optimized(self.machine, f'target triple = "{self.target.triple}"\n{ir}')
        text: str = self.machine.emit_assembly(module)
        return text


@cache
def library() -> Library:
    """The library of this machine."""
    return Library()


@cache
def library_of(target: Target) -> Library:
    """The library of a target: this machine's own, or one for tests of lesser processors."""
    return library() if target == host() else Library(target)
