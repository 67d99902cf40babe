"""ar, tar and compression: strict readers under limits, deterministic writers. Pure."""
