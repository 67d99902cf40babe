"""What is joined ends so."""

SUFFIX = ".joined"
