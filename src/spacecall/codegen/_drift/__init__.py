"""Compare a client with its app; `spacecall.codegen.drift` has the public names."""
