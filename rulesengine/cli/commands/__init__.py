"""One module per command, each with `run(context) -> exit code`."""
