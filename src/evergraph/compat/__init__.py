"""The world that old programs expect: TensorFlow's module names, and names that others removed."""
