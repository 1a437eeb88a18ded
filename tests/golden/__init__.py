"""Behaviour of a real TensorFlow 1.15.5, recorded: cases, what they gave, and how to run them."""
