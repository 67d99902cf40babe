"""select() with several conditions in one key, and conditions made of others."""

_DEFAULT = "//conditions:default"

def _with_or_dict(input_dict):
    """A dict for select() in which a tuple of conditions has become one entry for each."""
    out = {}
    for key, value in input_dict.items():
        for condition in key if type(key) == "tuple" else (key,):
            if condition in out:
                fail("key %s appears multiple times" % condition)
            out[condition] = value
    return out

def _with_or(input_dict, no_match_error = ""):
    """select() that takes tuples of conditions, of which one must hold."""
    return select(_with_or_dict(input_dict), no_match_error = no_match_error)

def _config_setting_group(name, match_any = [], match_all = [], visibility = None):
    """A condition that holds when any, or when all, of a list of conditions hold.

    Args:
      name: the condition's name
      match_any: conditions of which one must hold
      match_all: conditions that must all hold; give this or match_any
      visibility: as of any target
    """
    if bool(match_any) == bool(match_all):
        fail('Either "match_any" or "match_all" must be set, but not both.')
    chosen = match_any or match_all
    if type(chosen) != "list":
        fail("config_setting_group takes a list of conditions, not %s" % type(chosen))
    if len(chosen) != len({str(one): True for one in chosen}):
        fail("config_setting_group %s names a condition twice" % name)
    if len(chosen) == 1:
        native.alias(name = name, actual = chosen[0], visibility = visibility)
    elif match_any:
        _any(name, chosen, visibility)
    else:
        _all(name, chosen, visibility)

def _any(name, conditions, visibility):
    """Where a condition holds it stands for all; where not, what follows decides."""
    _chain(name, conditions, visibility, lambda condition, others: {condition: condition, _DEFAULT: others})

def _all(name, conditions, visibility):
    """Where a condition holds, what follows decides; where not, it stands for all."""
    _chain(name, conditions, visibility, lambda condition, others: {condition: others, _DEFAULT: condition})

def _chain(name, conditions, visibility, branches):
    """One alias for each condition but the last; each looks at one condition only, so that no two can hold at once."""
    stages = [name] + ["%s_stage_%d" % (name, number) for number in range(2, len(conditions))]
    for stage, condition, others in zip(stages, conditions, stages[1:] + [conditions[-1]]):
        native.alias(
            name = stage,
            actual = select(branches(condition, ":" + others if others in stages else others)),
            visibility = visibility if stage == name else ["//visibility:private"],
        )

selects = struct(
    config_setting_group = _config_setting_group,
    with_or = _with_or,
    with_or_dict = _with_or_dict,
)
