"""What all tests share: an empty default graph each, and Hypothesis without deadlines.

Hypothesis draws the same examples in every run, so that a failure is one of the change at hand;
`HYPOTHESIS_PROFILE=explore` draws new and more ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from evergraph.core import context, graph

# TensorFlow's own random kernels share their stream out among threads: the oracle gets one.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

_CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", max_examples=60, derandomize=True, database=None, **_CALM)
settings.register_profile("explore", max_examples=600, **_CALM)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(autouse=True)
def empty_defaults() -> Iterator[None]:
    """No default session, and an empty default graph, before each test and after it."""
    _clear()
    yield
    _clear()


def _clear() -> None:
    context.sessions.items.clear()
    context.graphs.items.clear()
    graph.reset_default_graph()
