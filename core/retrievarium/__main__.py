"""The command line as a module: `python -m retrievarium`."""

from retrievarium.cli import main

if __name__ == "__main__":
    main()
