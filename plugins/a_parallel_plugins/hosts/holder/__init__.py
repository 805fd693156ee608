"""A small process that holds one program for the server, so that the program outlives it.

`SCRIPT` is run by an isolated interpreter, which imports the standard library alone, takes what to start as JSON on
standard input, answers with one line of JSON and leaves its starter. It listens on ``DIRECTORY/NAME.sock``;
``DIRECTORY/NAME.json`` says what it holds: ``holder`` is its own pid, ``pid`` the program's. Whoever wants to see what
happens when one of them dies sends SIGKILL to that pid.

The program's output goes to a spool on disk, counted in bytes from its beginning, and a server takes it from any byte
that was not released yet. Without a server the program has to wait once the spool is over its limit, and after some
minutes it is ended. What is written to the program may carry a key: a key that is known is not written again, so that
a server which does not know whether an earlier one came so far can just repeat it.
"""
