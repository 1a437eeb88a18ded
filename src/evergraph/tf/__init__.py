"""The TensorFlow 1.15 API on evergraph's engine: `from evergraph import tf`.

Names, signatures and behaviour are TensorFlow 1.15's. A name that is not here raises an
UnimplementedError when it is used, with the nearest alternative.
"""

from __future__ import annotations

import sys as _sys
from typing import Any

from .. import ops as _ops
from ..formats import methods as _methods
from . import protos as _protos
from .namespaces import adopt as _adopt
from .namespaces import resolve as _resolve

_ops.register_all()
_methods.install()

__version__ = VERSION = "1.15.5"
__git_version__ = __compiler_version__ = GIT_VERSION = COMPILER_VERSION = "evergraph"
GRAPH_DEF_VERSION = 134
GRAPH_DEF_VERSION_MIN_CONSUMER = GRAPH_DEF_VERSION_MIN_PRODUCER = 0

from .array_ops import *  # noqa: E402, F403
from .check_ops import *  # noqa: E402, F403
from .clip_ops import *  # noqa: E402, F403
from .confusion import *  # noqa: E402, F403
from .control_flow_ops import *  # noqa: E402, F403
from .critical_section_ops import *  # noqa: E402, F403
from .device_spec import *  # noqa: E402, F403
from .fft_ops import *  # noqa: E402, F403
from .framework import *  # noqa: E402, F403
from .functional_ops import *  # noqa: E402, F403
from .gradients_impl import *  # noqa: E402, F403
from .graph_functions import *  # noqa: E402, F403
from .graph_keys import *  # noqa: E402, F403
from .importer import *  # noqa: E402, F403
from .init_ops import *  # noqa: E402, F403
from .lookup_ops import *  # noqa: E402, F403
from .math_ops import *  # noqa: E402, F403
from .module import *  # noqa: E402, F403
from .parallel_for import *  # noqa: E402, F403
from .parsing_ops import *  # noqa: E402, F403
from .patch_ops import *  # noqa: E402, F403
from .py_functions import *  # noqa: E402, F403
from .ragged_tensors import *  # noqa: E402, F403
from .random_ops import *  # noqa: E402, F403
from .sparse_spec import *  # noqa: E402, F403
from .sparse_storage import *  # noqa: E402, F403
from .sparse_tensor import *  # noqa: E402, F403
from .state_ops import *  # noqa: E402, F403
from .string_ops import *  # noqa: E402, F403
from .tape import *  # noqa: E402, F403
from .template import *  # noqa: E402, F403
from .tensor_util import *  # noqa: E402, F403
from .toggles import *  # noqa: E402, F403
from .type_spec import *  # noqa: E402, F403
from .variable_scope import *  # noqa: E402, F403
from .variables import *  # noqa: E402, F403

_adopt(*[m for n, m in list(_sys.modules.items()) if n.startswith(__name__)])

# Names whose making is dear: the module gives them when they are first asked for.
_LAZY = dict.fromkeys(_protos.__all__, _protos)


def __getattr__(name: str) -> Any:
    value = _resolve("tf", name)
    globals()[name] = value
    return value
