"""The CPU engine: programs compiled to machine code through LLVM, run by one native call."""
