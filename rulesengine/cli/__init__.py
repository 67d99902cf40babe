"""The command line: one file per command, one table of flags, and the rendering of events.

Signals, exit codes, colours and printing happen here and nowhere else.
"""
