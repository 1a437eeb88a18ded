"""Compiles src/evergraph/formats/protos/*.proto into the descriptor set that the package ships.

    python tools/build_protos.py           writes src/evergraph/formats/messages.binpb
    python tools/build_protos.py --check   fails if that file is not what the .proto files say

Needs grpcio-tools (in the `dev` extra).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

FORMATS = Path(__file__).resolve().parents[1] / "src" / "evergraph" / "formats"
SHIPPED = FORMATS / "messages.binpb"


def compile_protos(folder: Path = FORMATS / "protos") -> bytes:
    """The serialised FileDescriptorSet of all .proto files in a folder, in dependency order."""
    import grpc_tools
    from grpc_tools import protoc

    own = Path(grpc_tools.__file__).with_name("_proto")  # google/protobuf/any.proto
    sources = sorted(path.name for path in folder.glob("*.proto"))
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "set")
        paths = [f"--proto_path={folder}", f"--proto_path={own}"]
        command = ["protoc", *paths, f"--descriptor_set_out={out}", *sources]
        if protoc.main(command):
            raise SystemExit("protoc refused the .proto files; its message stands above.")
        return out.read_bytes()


def main() -> None:
    """Writes the descriptor set, or compares it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    compiled = compile_protos()
    if not parser.parse_args().check:
        SHIPPED.write_bytes(compiled)
    elif SHIPPED.read_bytes() != compiled:
        sys.exit(f"{SHIPPED} is old: run python tools/build_protos.py")


if __name__ == "__main__":
    main()
