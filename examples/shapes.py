"""Needs Python 3.12: a type alias, generic functions, quotes reused inside an f-string."""

from math import pi, prod

type Size = tuple[float, ...]


def largest[T](items: list[T], key) -> T:
    return max(items, key=key)


def area(shape: dict[str, Size]) -> float:
    match shape:
        case {"circle": (radius,)}:
            return pi * radius**2
        case {"box": sides}:
            return prod(sides)


shapes = [{"circle": (1.5,)}, {"box": (2.0, 3.5)}, {"box": (1.0, 1.0)}]
print(f"largest: {", ".join(largest(shapes, area))}, area {max(map(area, shapes)):.2f}")
