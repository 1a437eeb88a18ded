"""Graphs to graphs: gradients, and the passes of the compiler."""
