"""`python -m spacecall` is the `spacecall` command."""

from spacecall.cli import main

if __name__ == "__main__":
    main()
