raise ZeroDivisionError("broken at import")
