"""Records: files that tell machines what a command did: profile, build events, execution log, explanation.

Each is a listener of events that writes as it goes, so that a command that fails, is interrupted or is killed leaves
what was known.  A file that cannot be written any more is told once; the build goes on.
"""
