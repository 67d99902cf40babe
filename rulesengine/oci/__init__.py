"""OCI documents: descriptors, configs, manifests, indexes, layouts, and their validator. Pure."""
