"""`python -m perfops`: the command line, where its folder is not on the path."""

from perfops.cli import main

main()
