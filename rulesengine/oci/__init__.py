"""OCI image documents: descriptors, config, manifest, index, layout, and a validator.  Pure.

Source: OCI image-spec v1.1.1.
"""
