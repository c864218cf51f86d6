"""`python -m resprout`: the program, as the command `resprout` starts it."""

from resprout.app.program import main

if __name__ == "__main__":
    main()
