"""Graph, operations, tensors, dtypes and shapes: what every other layer stands on."""
