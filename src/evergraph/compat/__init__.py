"""The world that old programs expect: TensorFlow's module names, and names that others removed."""

from evergraph.compat.alias import install_as_tensorflow

__all__ = ["install_as_tensorflow"]
