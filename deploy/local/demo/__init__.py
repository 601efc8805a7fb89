"""`callout demo`: a month of a company's work, told by a story and played by real people's commands.

`story` makes up who does what when, without I/O; `play` does it against a whole Callout, on a clock of its own.
"""
