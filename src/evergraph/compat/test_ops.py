"""The ops that TensorFlow registers for the tests of its framework (`test_ops`).

They enter the op table when this module is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from evergraph.core import dtypes
from evergraph.core.opdef import AttrDef, define
from evergraph.errors import UnimplementedError
from evergraph.formats.graph_def import GRAPH_DEF_VERSION
from evergraph.tf.op_functions import function_name, op_function

# Op, signature, attributes: ops that have neither a shape rule nor a kernel.
_PLAIN = """
A                            -> out:float32
B                            -> out:float32
Attr                         -> | a:int
AttrBool                     -> | a:bool
AttrBoolList                 -> | a:list(bool)
AttrDefault                  -> | a:string='banana'
AttrEmptyListDefault         -> | a:list(float)=[]
AttrEnum                     -> | a:string{apples,oranges}
AttrEnumList                 -> | a:list(string){apples,oranges}
AttrFloat                    -> | a:float
AttrListDefault              -> | a:list(int)=[5,15]
AttrListMin                  -> | a:list(int)>=2
AttrListTypeDefault          a:N*T b:N*T -> | T:type=int32; N:int
AttrMin                      -> | a:int>=5
AttrPartialShape             -> | a:shape
AttrPartialShapeList         -> | a:list(shape)
AttrShape                    -> | a:shape
AttrShapeList                -> | a:list(shape)
AttrTypeDefault              a:T -> | T:type=int32
Binary                       a:T b:T -> out:T | T:type
CopyOp                       a:T -> b:T | T:type
FiveFloatOutputs             -> a:float32 b:float32 c:float32 d:float32 e:float32
FloatInput                   a:float32 ->
FloatOutput                  -> a:float32
FloatOutputStringOutput      -> a:float32 b:string
Foo1                         a:float32 b:int32 c:int32 -> d:float32 e:int32
Foo2                         a:float32 b:string c:string -> d:float32 e:int32
Foo3                         a:float32 b:string c:float32 -> d:float32 e:int32
FuncAttr                     -> | f:func
FuncListAttr                 -> | f:list(func)
InPolymorphicTwice           a:N*T b:M*T -> | T:type; N:int>=0; M:int>=0
Int64Output                  -> out:int64
IntAttr                      -> out:int64 | foo:int=1
IntInput                     a:int32 ->
IntInputFloatInput           a:int32 b:float32 ->
IntInputIntOutput            a:int32 -> b:int32
IntOutput                    -> a:int32
IntOutputFloatOutput         -> a:int32 b:float32
ListInput                    a:N*T -> | N:int>=1; T:type
ListOutput                   -> a:T | T:list(type)>=1
NInPolymorphicTwice          a:N*T b:N*T -> | T:type; N:int>=0
NInTwice                     a:N*int32 b:N*string -> | N:int>=0
NInTwoTypeVariables          a:N*S b:N*T -> | S:type; T:type; N:int>=0
NIntsIn                      a:N*int32 -> | N:int>=2
NIntsOut                     -> a:N*int32 | N:int>=2
NIntsOutDefault              -> a:N*int32 | N:int>=2=3
NPolymorphicIn               a:N*T -> | T:type; N:int>=2
NPolymorphicOut              -> a:N*T | T:type; N:int>=2
NPolymorphicOutDefault       -> a:N*T | T:type=bool; N:int>=2=2
NPolymorphicRestrictIn       a:N*T -> | T:type{string,bool}; N:int>=2
NPolymorphicRestrictOut      -> a:N*T | T:type{string,bool}; N:int>=2
Namespace>TestStringOutput   input:float32 -> output1:float32 output2:string
None                         ->
OpWithDefaultAttr            -> a:int32 | default_float:float=123.0
OpWithFutureDefaultAttr      ->
OutT                         -> a:T | T:type
OutTypeList                  -> out:T | T:list(type)>=0
OutTypeListRestrict          -> out:t | t:list(type){string,bool}
Polymorphic                  a:T -> out:T | T:type
PolymorphicDefaultOut        -> out:T | T:type=string
PolymorphicOut               -> out:T | T:type
RefIn                        a:ref(T) -> | T:type
RefInputFloatInput           a:ref(float32) b:float32 ->
RefInputFloatInputIntOutput  a:ref(float32) b:float32 -> c:int32
RefInputIntInput             a:ref(int32) b:int32 ->
RefOutput                    -> a:ref(int32)
RefOutputFloatOutput         -> a:ref(float32) b:float32
ReservedAttr                 -> | range:int
ReservedInput                input:int32 ->
Restrict                     a:T -> out:T | T:type{string,bool}
Simple                       a:int32 -> out:float32
StringListAttr               -> | a:list(string); b:string
TestAttr                     -> out:T | T:type{float32,float64}
TestStringOutput             input:float32 -> output1:float32 output2:string
TwoFloatInputs               a:float32 b:float32 ->
TwoFloatInputsFloatOutput    a:float32 b:float32 -> c:float32
TwoFloatInputsIntOutput      a:float32 b:float32 -> c:int32
TwoFloatOutputs              -> a:float32 b:float32
TwoIntInputs                 a:int32 b:int32 ->
TwoIntOutputs                -> a:int32 b:int32
TwoRefsIn                    a:ref(T) b:ref(T) -> | T:type
TypeList                     a:T -> | T:list(type)>=0
TypeListRestrict             a:T -> | T:list(type){string,bool}
TypeListTwice                a:T b:T -> | T:list(type)>=0
Unary                        a:T -> b:T | T:type
"""

_DEFAULTS: dict[str, tuple[str, Any]] = {
    "string_val": ("string", "abc"),
    "string_list_val": ("list(string)", ("abc", "")),
    "int_val": ("int", 123),
    "int_list_val": ("list(int)", (1, 2, 3)),
    "float_val": ("float", 10.0),
    "float_list_val": ("list(float)", (10.0,)),
    "bool_val": ("bool", True),
    "bool_list_val": ("list(bool)", (True, False)),
    "type_val": ("type", dtypes.int32),
    "type_list_val": ("list(type)", (dtypes.int32, dtypes.float32)),
    "shape_val": ("shape", (2, 1)),
    "shape_list_val": ("list(shape)", ((), (1,))),
    "tensor_val": ("tensor", np.array(1, np.int32)),
    "tensor_list_val": ("list(tensor)", (np.array(1, np.int32),)),
}


def _define_plain() -> None:
    for line in _PLAIN.strip().splitlines():
        name, _, rest = line.partition(" ")
        signature, _, attrs = rest.partition("|")
        define(name, signature.strip(), attrs.strip())


def _define_defaults() -> None:
    definition = define("DefaultAttrs", "->")
    for name, (kind, value) in _DEFAULTS.items():
        definition.attrs[name] = AttrDef(name, kind, default=value, has_default=True)
        definition.defaults[name] = value


def _scalar(shapes: Any, attrs: Any, values: Any) -> list[Any]:
    return [()]


def _is_old(shapes: Any, attrs: Any, values: Any) -> list[Any]:
    raise UnimplementedError(
        f"Op Old is not available in GraphDef version {GRAPH_DEF_VERSION}. It has been removed in "
        "version 8. For reasons."
    )


def _label(xp: Any, inputs: Any, attrs: Any) -> Any:
    out = np.empty((), dtype=object)
    out[()] = b"My label is: default"
    return out


_define_plain()
_define_defaults()
define("Old", "->", shape=_is_old)
define("KernelLabel", "-> result:string", shape=_scalar, kernel=_label)
define(
    "GraphDefVersion",
    "-> version:int32",
    shape=_scalar,
    kernel=lambda xp, inputs, attrs: np.int32(GRAPH_DEF_VERSION),
    stateful=True,
)


@cache
def _functions() -> dict[str, str]:
    names = [line.split()[0] for line in _PLAIN.strip().splitlines()]
    names += ["DefaultAttrs", "Old", "KernelLabel", "GraphDefVersion"]
    return {function_name(name).replace(">", "_"): name for name in names}


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in _functions():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return op_function(_functions()[name])
