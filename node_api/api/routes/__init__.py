"""Routes: typed dependencies in, one service call, a schema out."""
