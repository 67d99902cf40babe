"""Fixtures of the operations' tests."""

from tests.oracles.oci_schemas import oci_schemas

__all__ = ["oci_schemas"]
