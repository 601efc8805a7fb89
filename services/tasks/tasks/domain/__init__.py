"""The rules of tasks and clients, without I/O: `task`, `client`, and `checks` of what is typed in."""
