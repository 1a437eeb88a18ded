"""File and message formats of TensorFlow."""
