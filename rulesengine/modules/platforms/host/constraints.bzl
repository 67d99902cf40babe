"""The constraint values of this machine."""

HOST_CONSTRAINTS = native.host_constraints()
