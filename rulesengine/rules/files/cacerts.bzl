"""`cacerts`: the certificates that a TLS client trusts, as one bundle."""

load("//debian:package.bzl", "DebInfo")
load(":layer.bzl", "COMPRESSION", "content_providers", "entry", "mode", "normal_path")

def _cacerts_impl(ctx):
    bundle = ctx.actions.declare_file(ctx.label.name + ".crt")
    arguments = ctx.actions.args()
    inputs = []
    entries = []
    created = ""
    outputs = [bundle]
    if ctx.attr.package:
        info = ctx.attr.package[DebInfo]
        arguments.add("--deb", info.deb)
        inputs.append(info.deb)
        created = info.created
        status = ctx.actions.declare_file(ctx.label.name + ".status")
        sums = ctx.actions.declare_file(ctx.label.name + ".md5sums")
        copyright = ctx.actions.declare_file(ctx.label.name + ".copyright")
        arguments.add("--status", status).add("--md5sums", sums).add("--copyright", copyright)
        outputs.extend([status, sums, copyright])
        base = "var/lib/dpkg/status.d/" + info.package
        entries.append(entry(base, "file", status, mode = 420))
        entries.append(entry(base + ".md5sums", "file", sums, mode = 420))
        entries.append(entry("usr/share/doc/%s/copyright" % info.package, "file", copyright, mode = 420))
    arguments.add_all(ctx.files.certificates, before_each = "--pem")
    inputs.extend(ctx.files.certificates)
    if not inputs:
        fail("%s: cacerts needs package (ca-certificates) or certificates (PEM files)" % ctx.label)
    arguments.add("--bundle", bundle)
    ctx.actions.run(
        outputs = outputs,
        inputs = inputs,
        executable = op("cacerts"),
        arguments = [arguments],
        mnemonic = "CaCertificates",
        progress_message = "Bundling certificates %{label}",
    )
    path = normal_path(ctx.attr.path, str(ctx.label))
    entries.append(entry(path, "file", bundle, mode = mode(ctx.attr.mode, str(ctx.label))))
    for link in ctx.attr.links:
        entries.append(entry(normal_path(link, str(ctx.label)), "symlink", link = "/" + path))
    return content_providers(ctx, entries, ctx.attr.compression, created)

cacerts = rule(
    implementation = _cacerts_impl,
    doc = """The bundle of trusted certificates at `/etc/ssl/certs/ca-certificates.crt`, without which TLS fails with
`x509: certificate signed by unknown authority`.

It is what `update-ca-certificates` makes of the `ca-certificates` package, and the PEM files given (a company's own root) after it.
""",
    attrs = {
        "certificates": attr.label_list(allow_files = [".crt", ".pem", ".cer"], doc = "Further certificates, PEM."),
        "compression": COMPRESSION,
        "links": attr.string_list(doc = "Other paths that point to the bundle, such as /etc/pki/tls/certs/ca-bundle.crt."),
        "mode": attr.string(default = "0644", doc = "Mode of the bundle, octal."),
        "package": attr.label(providers = [DebInfo], doc = "The ca-certificates package."),
        "path": attr.string(default = "/etc/ssl/certs/ca-certificates.crt", doc = "Where the bundle lies."),
    },
)
