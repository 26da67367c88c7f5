"""Where the bundled program begins."""

from workstation.cli.main import main

if __name__ == "__main__":
    main()
