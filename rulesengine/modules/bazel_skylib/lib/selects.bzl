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
    """The first that holds stands for all; when none does, the last one does not hold either."""
    branches = {one: one for one in conditions}
    branches[_DEFAULT] = conditions[-1]
    native.alias(name = name, actual = select(branches), visibility = visibility)

def _all(name, conditions, visibility):
    """A chain of aliases: where a condition holds, what follows decides; where not, it decides itself."""
    for index in range(len(conditions) - 1):
        last = index == len(conditions) - 2
        native.alias(
            name = name if index == 0 else "%s_stage_%d" % (name, index + 1),
            actual = select({
                conditions[index]: conditions[-1] if last else ":%s_stage_%d" % (name, index + 2),
                _DEFAULT: conditions[index],
            }),
            visibility = visibility if index == 0 else ["//visibility:private"],
        )

selects = struct(
    config_setting_group = _config_setting_group,
    with_or = _with_or,
    with_or_dict = _with_or_dict,
)
