"""`python -m evergraph` is the command `evergraph`."""

from evergraph.cli.main import main

if __name__ == "__main__":
    main(prog_name="evergraph")
