"""`passwd`, `group`, `home`, `os_release`: the small files that a program expects to find."""

load(":layer.bzl", "COMPRESSION", "content_providers", "entry", "mode", "normal_path")

def _number(value, what):
    if type(value) != "int" or value < 0 or value > 4294967294:
        fail("%s is a number from 0 to 4294967294, not %r" % (what, value))
    return value

def _text(value, what, empty = True):
    if type(value) != "string" or ":" in value or "\n" in value or (not value and not empty):
        fail("%s is text without ':' or a line break%s, not %r" % (what, "" if empty else " and not empty", value))
    return value

def _known(given, fields, what):
    if type(given) != "dict":
        fail("%s is a dict, not %r" % (what, given))
    for name in given:
        if name not in fields:
            fail("%s has no field %r; it has: %s" % (what, name, ", ".join(fields)))

def _line(text, fields, numbers, what):
    """An entry written as a line of the file, as a dict of its fields."""
    parts = text.split(":")
    if len(parts) != len(fields):
        fail("%s: %r has %d fields, not %d: %s" % (what, text, len(parts), len(fields), ":".join(fields)))
    out = {}
    for name, part in zip(fields, parts):
        if name in numbers:
            if not part.isdigit():
                fail("%s: %s is a number, not %r" % (what, name, part))
            out[name] = int(part)
        else:
            out[name] = part
    return out

def _once(seen, value, what):
    if value in seen:
        fail("%s %r is there twice" % (what, value))
    seen[value] = True

# ---- /etc/passwd -----------------------------------------------------------

_PASSWD_FIELDS = ["username", "uid", "gid", "home", "shell", "gecos", "password"]
_PASSWD_LINE = ["username", "password", "uid", "gid", "gecos", "home", "shell"]

def _passwd_impl(ctx):
    lines, names = [], {}
    for number, user in enumerate(json.decode(ctx.attr.entries)):
        what = "%s: entries[%d]" % (ctx.label, number)
        if type(user) == "string":
            user = _line(user, _PASSWD_LINE, ["uid", "gid"], what)
        _known(user, _PASSWD_FIELDS, what)
        name = _text(user.get("username"), what + ".username", empty = False)
        _once(names, name, what + ".username")
        gecos = user.get("gecos", "")
        if type(gecos) == "list":
            gecos = ",".join(gecos)
        lines.append(":".join([
            name,
            _text(user.get("password", "x"), what + ".password"),
            str(_number(user.get("uid"), what + ".uid")),
            str(_number(user.get("gid", user.get("uid")), what + ".gid")),
            _text(gecos, what + ".gecos"),
            _text(user.get("home", "/"), what + ".home"),
            _text(user.get("shell", "/sbin/nologin"), what + ".shell"),
        ]))
    made = entry("etc/passwd", content = "".join([line + "\n" for line in lines]), mode = mode(ctx.attr.mode, str(ctx.label)))
    return content_providers(ctx, [made], ctx.attr.compression)

_passwd = rule(
    implementation = _passwd_impl,
    attrs = {
        "compression": COMPRESSION,
        "entries": attr.string(mandatory = True),
        "mode": attr.string(default = "0644"),
    },
)

def passwd(name, entries, **kwargs):
    """`/etc/passwd`.

    Args:
      name: of the target
      entries: list of lines as passwd(5) has them, or of dicts with `username` and `uid`, and where wanted `gid` (default:
        the uid), `home` (`/`), `shell` (`/sbin/nologin`), `gecos` (text or list), `password` (`x`)
      **kwargs: `mode` (`0644`), `compression` and what every rule takes
    """
    _passwd(name = name, entries = json.encode(entries), **kwargs)

# ---- /etc/group ------------------------------------------------------------

_GROUP_FIELDS = ["name", "gid", "users", "password"]
_GROUP_LINE = ["name", "password", "gid", "users"]

def _group_impl(ctx):
    lines, names = [], {}
    for number, one in enumerate(json.decode(ctx.attr.entries)):
        what = "%s: entries[%d]" % (ctx.label, number)
        if type(one) == "string":
            one = _line(one, _GROUP_LINE, ["gid"], what)
            one["users"] = one["users"].split(",") if one["users"] else []
        _known(one, _GROUP_FIELDS, what)
        name = _text(one.get("name"), what + ".name", empty = False)
        _once(names, name, what + ".name")
        users = one.get("users", [])
        if type(users) != "list":
            fail("%s.users is a list of names, not %r" % (what, users))
        lines.append(":".join([
            name,
            _text(one.get("password", "x"), what + ".password"),
            str(_number(one.get("gid"), what + ".gid")),
            ",".join([_text(user, what + ".users", empty = False) for user in users]),
        ]))
    made = entry("etc/group", content = "".join([line + "\n" for line in lines]), mode = mode(ctx.attr.mode, str(ctx.label)))
    return content_providers(ctx, [made], ctx.attr.compression)

_group = rule(
    implementation = _group_impl,
    attrs = {
        "compression": COMPRESSION,
        "entries": attr.string(mandatory = True),
        "mode": attr.string(default = "0644"),
    },
)

def group(name, entries, **kwargs):
    """`/etc/group`.

    Args:
      name: of the target
      entries: list of lines as group(5) has them, or of dicts with `name` and `gid`, and where wanted `users` (list of
        names), `password` (`x`)
      **kwargs: `mode` (`0644`), `compression` and what every rule takes
    """
    _group(name = name, entries = json.encode(entries), **kwargs)

# ---- home directories ------------------------------------------------------

_HOME_FIELDS = ["home", "uid", "gid", "mode"]

def _home_impl(ctx):
    entries, paths = [], {}
    for number, one in enumerate(json.decode(ctx.attr.dirs)):
        what = "%s: dirs[%d]" % (ctx.label, number)
        _known(one, _HOME_FIELDS, what)
        path = normal_path(_text(one.get("home"), what + ".home", empty = False), what)
        if not path:
            fail("%s.home is the root of the image" % what)
        _once(paths, path, what + ".home")
        uid = _number(one.get("uid"), what + ".uid")
        entries.append(entry(
            path,
            "directory",
            uid = uid,
            gid = _number(one.get("gid", uid), what + ".gid"),
            mode = mode(str(one.get("mode", "0700")), what),
        ))
    return content_providers(ctx, entries, ctx.attr.compression)

_home = rule(
    implementation = _home_impl,
    attrs = {
        "compression": COMPRESSION,
        "dirs": attr.string(mandatory = True),
    },
)

def home(name, dirs, **kwargs):
    """Home directories.

    Args:
      name: of the target
      dirs: list of dicts with `home` (path) and `uid`, and where wanted `gid` (default: the uid), `mode` (`"0700"`)
      **kwargs: `compression` and what every rule takes
    """
    _home(name = name, dirs = json.encode(dirs), **kwargs)

# ---- os-release ------------------------------------------------------------

_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+~"

def _quoted(value):
    """As os-release(5) wants it: quoted where it has more than letters, digits and a few signs."""
    if value and not value.strip(_PLAIN):
        return value
    if len(value) >= 2 and value[0] == "\"" and value[-1] == "\"":
        return value
    for character in ["\\", "\"", "$", "`"]:
        value = value.replace(character, "\\" + character)
    return "\"" + value + "\""

def _os_release_impl(ctx):
    lines = []
    for key, value in ctx.attr.content.items():
        if not key or key.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"):
            fail("%s: %r is not a name of os-release (capitals, digits and _)" % (ctx.label, key))
        if "\n" in value:
            fail("%s: %s has a line break" % (ctx.label, key))
        lines.append("%s=%s\n" % (key, _quoted(value)))
    path = normal_path(ctx.attr.path, str(ctx.label))
    made = [entry(path, content = "".join(lines), mode = mode(ctx.attr.mode, str(ctx.label)))]
    if path == "usr/lib/os-release":
        made.append(entry("etc/os-release", "symlink", link = "../usr/lib/os-release"))
    return content_providers(ctx, made, ctx.attr.compression)

os_release = rule(
    implementation = _os_release_impl,
    doc = "`/usr/lib/os-release` and the link `/etc/os-release` to it: what scanners and programs take the image for.",
    attrs = {
        "compression": COMPRESSION,
        "content": attr.string_dict(mandatory = True, doc = "NAME -> value, in order; quoted as os-release(5) wants."),
        "mode": attr.string(default = "0644", doc = "Mode of the file, octal."),
        "path": attr.string(default = "/usr/lib/os-release", doc = "Where the file lies."),
    },
)
