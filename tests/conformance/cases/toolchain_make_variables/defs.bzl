def _impl(ctx):
    return [platform_common.TemplateVariableInfo({"GREETING": "hello", "NAME": ctx.attr.value})]

variables = rule(implementation = _impl, attrs = {"value": attr.string()})
