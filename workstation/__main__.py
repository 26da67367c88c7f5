"""`python -m workstation`."""

from workstation.cli.main import main

main()
