load(":library.bzl", "changed", "library", "looked_at", "setting")

MineInfo = provider(fields = ["value"])

def _subject_impl(ctx):
    if ctx.attr.broken:
        fail("broken on purpose")
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, ctx.attr.value)
    return [
        DefaultInfo(files = depset([out])),
        MineInfo(value = ctx.attr.value + ctx.attr._word[library.SeenInfo].words[0]),
    ]

subject = rule(
    implementation = _subject_impl,
    attrs = {
        "broken": attr.bool(),
        "value": attr.string(default = "value"),
        "_word": attr.label(default = "//:word"),
    },
)

_suite = []

def first(name):
    looked_at(name = name, target = ":subject", check = _check_first)

def _check_first(env, target):
    if target[MineInfo].value != "value-none":
        env.fail("value is " + target[MineInfo].value)
    if target[library.SeenInfo].words != ["subject", "subject"]:
        env.fail("words are %s" % target[library.SeenInfo].words)
    if [file.short_path for file in target.files.to_list()] != ["subject.txt"]:
        env.fail("files are %s" % target.files)

_suite.append(first)

def second(name):
    wanted = [name]
    looked_at(
        name = name,
        target = ":subject",
        check = lambda env, target: env.fail("wanted %s, is %s" % (wanted, target[MineInfo].value)),
    )

_suite.append(second)

def third(name):
    looked_at(
        name = name,
        check = lambda env, target: None if target[MineInfo].value == "value-other" else env.fail(target[MineInfo].value),
        settings = {"//:word": "-other"},
        target = ":subject",
    )

_suite.append(third)

def fourth(name):
    subject(
        name = name + "_broken",
        broken = True,
        tags = ["manual"],
    )
    looked_at(
        name = name,
        check = _check_fails,
        settings = {"//command_line_option:allow_analysis_failures": "True"},
        target = name + "_broken",
    )

def _check_fails(env, target):
    causes = target[AnalysisFailureInfo].causes.to_list()
    if len(causes) != 1 or "broken on purpose" not in causes[0].message:
        env.fail("causes are %s" % causes)

_suite.append(fourth)

def fifth(name):
    looked_at(
        name = name,
        attrs = {
            "more": attr.string(),
            "other": attr.label(cfg = changed),
            "_hidden": attr.string_list(default = ["a", "b"]),
        },
        check = _check_attributes,
        target = ":subject",
        values = {"more": "!", "other": ":subject", "size": "small", "tags": ["one"]},
    )

def _check_attributes(env, _target):
    given = env.ctx.attr
    env.fail("more %s, other %s, hidden %s, tags %s" % (
        given.more,
        [one[MineInfo].value for one in given.other],
        given._hidden,
        given.tags,
    ))
    env.fail("label %s, test %s" % (env.ctx.label, env.ctx.attr.name))

_suite.append(fifth)

def all_tests(name):
    setting(name = "word", build_setting_default = "-none")
    subject(
        name = "subject",
        visibility = ["//:__subpackages__"],
    )
    for number, one in enumerate(_suite):
        one(name = ["first", "second", "third", "fourth", "fifth"][number])
    native.test_suite(name = name, tests = [":first", ":third"])

def faulty_test(name, word):
    looked_at(
        name = name,
        check = lambda env, target: fail(word) if word else None,
        target = ":subject",
        values = {"tags": ["manual"]},
    )

def named_test(name):
    looked_at(name = name, target = "//:subject", check = _named)

def _named(env, target):
    if native_name(target) != "subject":
        env.fail("it is " + native_name(target))

def native_name(target):
    return target.label.name

def bad_name():
    looked_at(name = "not-a-name", target = "//:subject", check = _named)

def bad_values():
    looked_at(name = "again", target = "//:subject", check = _named, values = {"name": "other"})
