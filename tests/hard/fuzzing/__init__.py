"""Fuzzing: bytes that nobody vouches for, at every entrance, and an oracle.

An entrance (`entrance`) is a place where the library reads what others wrote.
`engine` gives it inputs that are guided by coverage (atheris), and `oracle`
watches what it does with each.  `catalogue` names them all.

    python tests/hard/fuzz.py --entrance npz --runs 2000 --seed 0
"""
