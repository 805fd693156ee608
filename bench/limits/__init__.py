"""Plain programs that do the same as the server with nothing around it; they set the limits."""
