"""Configured targets, select(), rule implementations and providers; yields the action graph."""

from rulesengine.analysis.analyzer import Analyzer
from rulesengine.analysis.configured import Analysis, ConfiguredTarget
from rulesengine.analysis.platforms import configuration, platform_of

__all__ = ["Analysis", "Analyzer", "ConfiguredTarget", "configuration", "platform_of"]
