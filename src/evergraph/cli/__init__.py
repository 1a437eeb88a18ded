"""The command line: `evergraph run`, `mnist`, `devices`, `bench`."""
