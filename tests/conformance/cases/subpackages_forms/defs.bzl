def below(include):
    return native.subpackages(include = include, allow_empty = True)
