"""Names, arguments, attributes and types of our ops equal TensorFlow 1.15's registry."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evergraph import tf
from evergraph.core import opdef
from evergraph.core.dtypes import DType
from evergraph.core.opdef import NO_GRADIENT, ArgDef, OpDef
from evergraph.ops.elementwise_rules import no_gradients

assert tf  # importing the face fills the table
DATA = Path(__file__).parent / "data" / "ops.tsv.gz"
# What TensorFlow makes in other ways than by a registered op; a leading underscore says the same.
OWN = {"swish_f16", "swish_f32", "swish_f64"}
TABLE = {n: d for n, d in opdef.all_ops().items() if n[0] != "_" and n not in OWN}


@cache
def registry() -> dict[str, list[str]]:
    with gzip.open(DATA, "rt") as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    return {row[0]: row for row in rows}


def described(arg: ArgDef) -> str:
    kind = arg.dtype.name if arg.dtype is not None else str(arg.type_attr)
    kind = f"ref({kind})" if arg.is_ref else kind
    return f"{arg.name}:{arg.number_attr}*{kind}" if arg.number_attr else f"{arg.name}:{kind}"


def wanted_attrs(text: str) -> dict[str, Any]:
    items = [opdef._parse_attr(a) for a in opdef._split_attrs(text)]
    return {a.name: (a.type, a.allowed, a.minimum, a.has_default, a.default) for a in items}


def test_every_op_is_one_of_tensorflow() -> None:
    assert not set(TABLE) - set(registry())


@pytest.mark.parametrize("name", sorted(TABLE))
def test_signature(name: str) -> None:
    _, stateful, inputs, outputs, attrs, *_ = registry()[name]
    op: OpDef = TABLE[name]
    assert " ".join(map(described, op.inputs)) == inputs
    assert " ".join(map(described, op.outputs)) == outputs
    assert op.stateful == (stateful == "stateful")
    got = {
        a.name: (a.type, a.allowed, a.minimum, a.has_default, a.default) for a in op.attrs.values()
    }
    wanted = wanted_attrs(attrs)
    if name == "PrintV2":  # a line break, which the table's text form could not hold
        wanted["end"] = (*wanted["end"][:4], "\n")
    assert got == wanted


@pytest.mark.parametrize("name", sorted(TABLE))
def test_an_op_has_its_parts(name: str) -> None:
    op = TABLE[name]
    has_value = op.kernel or op.definition or op.is_variable or op.reads is not None
    queries = ("IsVariableInitialized", "VarIsInitializedOp", "Placeholder", "PlaceholderV2")
    assert has_value or name in (*queries, "NoOp", "Const"), "no kernel and no definition"
    assert op.shape or not op.outputs or op.reads is not None, "no shape rule"
    if registry()[name][5] == "yes":
        known = {"SegmentProd"}  # TensorFlow registers a gradient that raises
        assert op.grad is not None or name in known, "TensorFlow has a gradient"
    ours = {"EuclideanNorm"}  # which TensorFlow gives no gradient, and we do
    if registry()[name][5] == "not differentiable" and name not in ours:
        assert op.grad in (None, NO_GRADIENT) or op.grad is no_gradients


def test_types_are_dtypes() -> None:
    for op in TABLE.values():
        for attr in op.attrs.values():
            if attr.allowed and attr.type in ("type", "list(type)"):
                assert all(isinstance(d, DType) for d in attr.allowed)
