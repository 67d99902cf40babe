"""BUILD and .bzl files through starlark-pyo3, packages, glob and target patterns; yields targets."""

from rulesengine.loading.loader import Loader
from rulesengine.loading.package import Package

__all__ = ["Loader", "Package"]
