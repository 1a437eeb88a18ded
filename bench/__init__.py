"""Benchmarks: the same work in evergraph and in its peers, measured in one interleaved run."""
