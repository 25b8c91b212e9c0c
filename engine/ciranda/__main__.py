"""`python -m ciranda`, the same as the command `ciranda`."""

from ciranda.cli import main

if __name__ == "__main__":
    main()
