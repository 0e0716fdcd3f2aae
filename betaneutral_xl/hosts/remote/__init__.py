"""Code shared by hosts that run in another process: the cache of converted results."""
