"""Values: labels, digests, artifacts, actions, and the ports that the outside implements. Pure."""
