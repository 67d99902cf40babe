"""The XML report of a test that wrote none itself: one test case, its outcome and its log."""

from __future__ import annotations

LOG_KEPT = 1 << 20
"""Bytes of the log that a report holds (the last ones)."""

_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def report(name: str, log: bytes, seconds: float, exit_code: int, *, timed_out: bool) -> bytes:
    """A JUnit document in UTF-8; what XML cannot hold in a log is written as `?`."""
    # With these come urllib, ssl and email, and what takes 8 ms to compile: a fifth of what a build imports.
    import re
    from xml.sax.saxutils import quoteattr

    text = re.sub(_NOT_XML, "?", log[-LOG_KEPT:].decode("utf-8", "replace")).replace("]]>", "]]>]]&gt;<![CDATA[")
    shown = quoteattr(re.sub(_NOT_XML, "?", name))
    error = ""
    if timed_out:
        error = '<error message="Timed out"></error>'
    elif exit_code:
        what = f"exited with error code {exit_code}" if exit_code > 0 else f"ended by signal {-exit_code}"
        error = f'<error message="{what}"></error>'
    duration = max(0, round(seconds))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
        f'  <testsuite name={shown} tests="1" failures="0" errors="{1 if error else 0}" time="{seconds:.3f}">\n'
        f'    <testcase name={shown} status="run" duration="{duration}" time="{seconds:.3f}">{error}</testcase>\n'
        f"    <system-out>\n<![CDATA[{text}]]>\n    </system-out>\n"
        "  </testsuite>\n</testsuites>\n"
    ).encode()
