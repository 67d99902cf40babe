"""query over targets as BUILD files declare them: parser, evaluator and output forms, over one small protocol."""

from rulesengine.query.evaluate import QueryResult, evaluate
from rulesengine.query.graph import TargetGraph
from rulesengine.query.parser import parse

__all__ = ["QueryResult", "TargetGraph", "evaluate", "parse"]
