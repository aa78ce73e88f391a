"""Same needs as table_a.py, written differently: the two share one lock and one environment."""


def main():
    from yaml import safe_load as load

    with_borders = dict(headers=("fruit", "count"), tablefmt="outline")
    print(__import__("tabulate").tabulate(load("[[plums, 7], [figs, 1]]"), **with_borders))


main()
