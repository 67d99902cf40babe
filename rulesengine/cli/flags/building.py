"""Flags of commands that build: what is made, and how."""

from __future__ import annotations

from rulesengine.cli.flags.flag import BUILDERS, LOADERS, Flag

BUILDING = (
    Flag("jobs", "string", "actions at a time; auto: as many as processors, and two more commands", "auto",
         short="j", metavar="N", commands=BUILDERS),
    Flag("keep_going", "bool", "after a failure, build what does not depend on it", False, short="k", commands=LOADERS),
    Flag("build_tag_filters", "list", "of the targets only those with one of these tags; -TAG: none with that",
         metavar="TAG,…", commands=BUILDERS),
    Flag("output_groups", "list", "build these output groups instead of the default one; +NAME adds, -NAME takes away",
         metavar="NAME,…", commands=BUILDERS),
    Flag("run_validations", "bool", "make the output groups _validation too", True, commands=BUILDERS),
    Flag("experimental_convenience_symlinks", "choice", "normal: make pybuild-bin and pybuild-testlogs; clean: take "
         "them away; ignore: leave them as they are", "normal",
         choices=("normal", "clean", "ignore", "log_only"), commands=BUILDERS),
    Flag("symlink_prefix", "string", "what the names of these links begin with, a directory too; /: there are none",
         "pybuild-", metavar="PREFIX", commands=BUILDERS),
    Flag("local_resources", "list", "how much running actions may use together: cpu (processors), memory (MB) or what "
         "the tag resources:NAME:N names; AMOUNT also HOST_CPUS or HOST_RAM with -N or *N", metavar="NAME=AMOUNT",
         commands=BUILDERS),
    Flag("local_cpu_resources", "string", "the same as --local_resources=cpu=N", "", metavar="N", commands=BUILDERS),
    Flag("local_ram_resources", "string", "the same as --local_resources=memory=MB", "", metavar="MB",
         commands=BUILDERS),
    Flag("local_test_jobs", "string", "tests at a time; auto: as many as --jobs", "auto", metavar="N",
         commands=BUILDERS),
    Flag("sandbox_debug", "bool", "keep the directories in which processes ran, and say how to enter them", False,
         commands=BUILDERS),
    Flag("sandbox_add_mount_pair", "list", "show this path of the machine in every sandbox, read-only",
         metavar="SOURCE[:TARGET]", commands=BUILDERS),
    Flag("sandbox_writable_path", "list", "let actions write to this path of the machine", metavar="PATH",
         commands=BUILDERS),
    Flag("sandbox_tmpfs_path", "list", "an empty directory of its own for each action", metavar="PATH",
         commands=BUILDERS),
    Flag("sandbox_default_allow_network", "bool", "let every action reach the network, not only those tagged "
         "requires-network", False, commands=BUILDERS),
    Flag("sandbox_pids_limit", "int", "end an action that has more processes at a time (0: no limit)", 2048,
         metavar="N", commands=BUILDERS),
    Flag("sandbox_memory_limit", "string", "end an action whose processes use more memory (K, M, G; 0: no limit)", "0",
         metavar="BYTES", commands=BUILDERS),
    Flag("sandbox_file_size_limit", "string", "no action writes a larger file (K, M, G; 0: no limit)", "0",
         metavar="BYTES", commands=BUILDERS),
    Flag(
        "spawn_strategy", "string", "sandboxed: processes without network, seeing their inputs only; local: without a "
        "sandbox; auto: sandboxed where this machine can (Bazel's linux-sandbox and standalone are known too)", "auto",
        metavar="auto|sandboxed|local", commands=BUILDERS,
    ),
    Flag("strategy", "list", "the same for actions of one mnemonic", metavar="MNEMONIC=STRATEGY", commands=BUILDERS),
    Flag("genrule_strategy", "string", "the same as --strategy=Genrule=…", "", metavar="STRATEGY", commands=BUILDERS),
    Flag("enable_runfiles", "bool", "as in Bazel; programs always find a runfiles tree", True, commands=BUILDERS),
    Flag("build_runfile_links", "bool", "as in Bazel; a program's runfiles tree always stands beside it", True,
         commands=BUILDERS),
    Flag("build_runfile_manifests", "bool", "as in Bazel; its manifest does, too", True, commands=BUILDERS),
    Flag("check_up_to_date", "bool", "make nothing; exit with 1 when something would have to be made", False,
         commands=("build", "test")),
    Flag("build", "bool", "execute; --nobuild stops after analysis", True, commands=("build",)),
)  # fmt: skip
