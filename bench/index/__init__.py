"""Events a second from the chain into the index."""
