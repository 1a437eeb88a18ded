"""The seeds of random operations, by TensorFlow's rules."""

from __future__ import annotations

from ..core.graph import get_default_graph

DEFAULT_GRAPH_SEED = 87654321
_MAX_INT32 = 2**31 - 1


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two seeds of a random operation, from the graph's seed and the operation's own.

    Without either: (None, None), another stream each time. With a graph seed only, the operation's
    is the number of operations in the graph; with an own seed only, the graph's is a fixed one.
    """
    graph = get_default_graph()
    seeds: tuple[int | None, int | None]
    if graph.seed is not None:
        own = len(graph.operations) if op_seed is None else op_seed
        seeds = graph.seed % _MAX_INT32, own % _MAX_INT32
    elif op_seed is not None:
        seeds = DEFAULT_GRAPH_SEED, op_seed % _MAX_INT32
    else:
        seeds = None, None
    # Two zeros would ask the kernel for a stream of its own choice.
    return (0, _MAX_INT32) if seeds == (0, 0) else seeds
