"""Features of a target: names that a rule may ask for, of the command line, the package and the target."""

from __future__ import annotations

from collections.abc import Sequence

from rulesengine.model.platform import Configuration

FEATURES = "//command_line_option:features"


def features_of(
    given: Sequence[str], of_package: Sequence[str], configuration: Configuration
) -> tuple[list[str], list[str]] | None:
    """(`ctx.features`, `ctx.disabled_features`), each sorted; None where there are none at all.

    `-name` switches a feature off.  The target's word is above its package's, and that above the command line's;
    what the command line switches off stays off.
    """
    asked = configuration.setting(FEATURES) or () if configuration.settings else ()
    if not (given or of_package or asked):
        return None
    on, off = set[str](), set[str]()
    for layer in (asked, of_package, given):
        plus = {one for one in layer if not one.startswith("-")}
        minus = {one[1:] for one in layer if one.startswith("-")}
        on, off = (on - minus) | (plus - minus), (off - plus) | minus
    never = {one[1:] for one in asked if one.startswith("-")}
    on, off = on - never, off | never
    return sorted(on), sorted(off)
