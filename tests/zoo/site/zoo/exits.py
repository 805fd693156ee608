import sys

sys.exit("a plugin must not end the server")
