import humanize


def greet(name, visits):
    return f"Hello {name}, welcome for the {humanize.ordinal(visits)} time."
