"""The formats of files that drawings come in."""
