"""The query language (Bazel's "Query reference"): text to a tree of expressions."""

from __future__ import annotations

import re

from rulesengine.errors import UsageError, did_you_mean
from rulesengine.values import field, frozen

_TOKEN = re.compile(r"""\s+|(?P<quoted>"[^"]*"|'[^']*')|(?P<word>[A-Za-z0-9*/@._:$~\[\]{}!%&#-]+)|(?P<mark>[()+^,=])""")
_OPERATORS = {
    "+": "union",
    "union": "union",
    "^": "intersect",
    "intersect": "intersect",
    "except": "except",
    "-": "except",
}
_RESERVED = {"let", "in", "set", "union", "intersect", "except"}

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "allpaths": ("expression", "expression"),
    "allrdeps": ("expression", "integer?"),
    "attr": ("word", "word", "expression"),
    "buildfiles": ("expression",),
    "config": ("expression", "word"),
    "deps": ("expression", "integer?"),
    "executables": ("expression",),
    "filter": ("word", "expression"),
    "inputs": ("word", "expression"),
    "kind": ("word", "expression"),
    "labels": ("word", "expression"),
    "loadfiles": ("expression",),
    "mnemonic": ("word", "expression"),
    "outputs": ("word", "expression"),
    "rbuildfiles": ("word*",),
    "rdeps": ("expression", "expression", "integer?"),
    "same_pkg_direct_rdeps": ("expression",),
    "siblings": ("expression",),
    "some": ("expression", "integer?"),
    "somepath": ("expression", "expression"),
    "tests": ("expression",),
    "visible": ("expression", "expression"),
}
"""Name -> what each argument is; `?` marks one that may be left out, `*` one that may be repeated."""

MAX_DEPTH = 200


@frozen
class Word:
    """A target pattern, or `$name`."""

    text: str


@frozen
class SetOf:
    """`set(a b c)`."""

    words: tuple[str, ...]


@frozen
class Call:
    """A function applied: expressions, words and integers as the function takes them."""

    name: str
    arguments: tuple[Expression | str | int, ...]


@frozen
class Binary:
    """`left OPERATOR right`, the operator by its name."""

    operator: str
    left: Expression
    right: Expression


@frozen
class Let:
    """`let name = value in body`."""

    name: str
    value: Expression
    body: Expression


Expression = Word | SetOf | Call | Binary | Let


@frozen
class _Token:
    text: str
    position: int
    quoted: bool = field(default=False)


def parse(text: str) -> Expression:
    """The tree of a query.  Raises UsageError, which shows the place."""
    parser = _Parser(text)
    out = parser.expression(0)
    parser.end()
    return out


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._at = 0

    def _split(self, text: str) -> list[_Token]:
        out: list[_Token] = []
        position = 0
        while position < len(text):
            if text[position] == "-" and (position + 1 == len(text) or text[position + 1].isspace()):
                out.append(_Token("-", position))
                position += 1
                continue
            match = _TOKEN.match(text, position)
            if match is None:
                what = "a quote that is never closed" if text[position] in "\"'" else f"{text[position]!r}"
                raise self.fault(f"cannot read {what}", position)
            if match["quoted"] is not None:
                out.append(_Token(match["quoted"][1:-1], position, True))
            elif not match[0].isspace():
                word = match[0]
                if word.startswith("-") and len(word) > 1:  # `a -b` is `a - b`
                    out.append(_Token("-", position))
                    out.append(_Token(word[1:], position + 1))
                else:
                    out.append(_Token(word, position))
            position = match.end()
        return out

    def fault(self, message: str, position: int, hint: str | None = None) -> UsageError:
        line = self._text.replace("\n", " ")
        notes = [line, " " * position + "^"] if len(line) <= 200 else [f"at character {position + 1}"]
        return UsageError(f"query: {message}", notes=notes, hint=hint)

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, what: str) -> _Token:
        token = self._peek()
        if token is None:
            raise self.fault(f"{what} is missing", len(self._text))
        self._at += 1
        return token

    def _expect(self, text: str) -> None:
        token = self._take(repr(text))
        if token.text != text or token.quoted:
            raise self.fault(f"expected {text!r}, not {token.text!r}", token.position)

    def end(self) -> None:
        token = self._peek()
        if token is not None:
            raise self.fault(
                f"{token.text!r} follows a whole expression", token.position, "join expressions with + - ^ or set(…)"
            )

    def expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise UsageError(f"query: nests deeper than {MAX_DEPTH}")
        left = self._primary(depth)
        while True:
            token = self._peek()
            if token is None or token.quoted or token.text not in _OPERATORS:
                return left
            self._at += 1
            left = Binary(_OPERATORS[token.text], left, self._primary(depth))

    def _primary(self, depth: int) -> Expression:
        token = self._take("an expression")
        if not token.quoted:
            if token.text == "(":
                inner = self.expression(depth + 1)
                self._expect(")")
                return inner
            if token.text == "let":
                return self._let(depth)
            if token.text == "set":
                return self._set()
            following = self._peek()
            if following is not None and following.text == "(" and not following.quoted:
                return self._call(token, depth)
            if token.text in _RESERVED or token.text in ("+", "-", "^", ",", "=", ")"):
                raise self.fault(f"expected an expression, not {token.text!r}", token.position)
        return Word(token.text)

    def _let(self, depth: int) -> Expression:
        name = self._take("a name")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name.text):
            raise self.fault(f"{name.text!r} is not a name", name.position)
        self._expect("=")
        value = self.expression(depth + 1)
        self._expect("in")
        return Let(name.text, value, self.expression(depth + 1))

    def _set(self) -> Expression:
        self._expect("(")
        words: list[str] = []
        while True:
            token = self._take("')'")
            if token.text == ")" and not token.quoted:
                return SetOf(tuple(words))
            if not token.quoted and token.text in "(+^,=":
                raise self.fault("set() holds labels separated by blanks", token.position)
            words.append(token.text)

    def _call(self, name: _Token, depth: int) -> Expression:
        kinds = FUNCTIONS.get(name.text)
        if kinds is None:
            raise self.fault(
                f"there is no function {name.text!r}",
                name.position,
                did_you_mean(name.text, FUNCTIONS) or "functions: " + " ".join(sorted(FUNCTIONS)),
            )
        self._expect("(")
        arguments: list[Expression | str | int] = []
        if kinds[-1].endswith("*"):
            words = max(1, sum(1 for one in self._tokens[self._at :] if one.text == "," and not one.quoted) + 1)
            kinds = ("word", *["word?"] * (words - 1))
        for number, kind in enumerate(kinds):
            token = self._peek()
            if kind.endswith("?") and token is not None and token.text == ")":
                break
            if number:
                if token is None or token.text != ",":
                    needed = "',' or ')'" if kind.endswith("?") else "','"
                    place = len(self._text) if token is None else token.position
                    raise self.fault(f"{name.text}() goes on with {needed} here", place)
                self._at += 1
            if kind == "expression":
                arguments.append(self.expression(depth + 1))
                continue
            token = self._take("an argument")
            if kind.startswith("word"):
                if not token.quoted and token.text in ("(", ")", ","):
                    raise self.fault(f"expected a word, not {token.text!r}", token.position)
                arguments.append(token.text)
            elif token.text.isdigit():
                arguments.append(int(token.text))
            else:
                raise self.fault(f"expected a number, not {token.text!r}", token.position)
        token = self._take("')'")
        if token.text != ")":
            raise self.fault(f"{name.text}() takes {len(kinds)} arguments at most; expected ')'", token.position)
        return Call(name.text, tuple(arguments))
