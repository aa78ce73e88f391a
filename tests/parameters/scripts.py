"""Scripts whose parameters are read, written to JSON and back, and parsed by the real library.

Each ends with the values it has parsed in ``seen``, by the names that its parameters go by.
"""

ARGPARSE = {
    "types": """
import argparse, pathlib, json, ast, datetime
parser = argparse.ArgumentParser(description="Everything")
parser.add_argument("month", type=int, choices=range(1, 13), help="Which month")
parser.add_argument("--rate", type=float, default=0.5)
parser.add_argument("-n", "--name", default="x", metavar="NAME")
parser.add_argument("-k", type=int, default="7")
parser.add_argument("--start-date", type=datetime.date.fromisoformat)
parser.add_argument("--truth", type=bool)
parser.add_argument("--json", type=json.loads)
parser.add_argument("--literal", type=ast.literal_eval)
parser.add_argument("--path", type=pathlib.Path, required=True)
parser.add_argument("--size", choices=["s", "m", "l"], default="m")
args = parser.parse_args()
seen = dict(vars(args), path=str(args.path), start_date=args.start_date and str(args.start_date))
""",
    "actions": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="count", default=0)
parser.add_argument("--yes", action="store_true")
parser.add_argument("--no-cache", action="store_false")
parser.add_argument("--fast", dest="speed", action="store_const", const=9)
parser.add_argument("--colour", action=argparse.BooleanOptionalAction)
parser.add_argument("--tag", action="append")
parser.add_argument("--point", action="append", nargs=2, type=int)
parser.add_argument("--more", action="extend", nargs="+")
parser.add_argument("--maybe", nargs="?", const="const", default="none")
args = parser.parse_args()
seen = dict(vars(args), no_cache=not args.no_cache, fast=args.speed == 9)
""",
    "many": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("first")
parser.add_argument("middle", nargs="*", type=int)
parser.add_argument("last", nargs=2)
parser.add_argument("--pair", nargs=2)
parser.add_argument("--some", nargs="+")
parser.add_argument("--any", nargs="*", type=float)
args = parser.parse_args()
seen = vars(args)
""",
    "optional positionals": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("a", nargs="?")
parser.add_argument("b", nargs="?", default="b")
parser.add_argument("c", nargs="*")
args = parser.parse_args()
seen = vars(args)
""",
    "rest": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--opt")
parser.add_argument("program")
parser.add_argument("rest", nargs=argparse.REMAINDER)
args = parser.parse_args()
seen = vars(args)
""",
    "prefixes": """
import argparse
parser = argparse.ArgumentParser(prefix_chars="-+", fromfile_prefix_chars="@")
parser.add_argument("+x", "++extra")
parser.add_argument("-1", dest="one", action="store_true")
parser.add_argument("--list", nargs="+")
parser.add_argument("file")
args = parser.parse_args()
seen = dict(vars(args))
seen["1"] = seen.pop("one")
""",
    "commands": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--root", nargs="*")
parser.add_argument("--level", type=int)
parser.add_argument("where")
commands = parser.add_subparsers(dest="command", required=True)
add = commands.add_parser("add", aliases=["a"], help="Add one")
add.add_argument("--size", type=int, choices=(1, 2))
add.add_argument("what", nargs="+")
remote = commands.add_parser("remote")
inner = remote.add_subparsers(dest="inner")
inner.required = True
move = inner.add_parser("mv")
move.add_argument("source")
move.add_argument("--force", action="store_true")
args = parser.parse_args()
seen = vars(args)
if "inner" in seen:
    seen["command"] += " " + seen.pop("inner")
""",
    "helpers": """
import argparse
from enum import Enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"
class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise SystemExit(3)
def common(p, *names, **more):
    for name in names:
        p.add_argument("--" + name, **more)
    return p
shared = argparse.ArgumentParser(add_help=False)
common(shared, "left", "right", type=int)
class Tool:
    def __init__(self):
        self.parser = Parser(parents=[shared])
        group = self.parser.add_mutually_exclusive_group()
        group.add_argument("--on", action="store_true")
        group.add_argument("--off", action="store_true")
    def run(self):
        common(self.parser, "%s-value" % "k", default="d")
        self.parser.add_argument("--colour", type=Colour, choices=list(Colour), default=Colour.RED)
        self.parser.set_defaults(left=3)
        return self.parser.parse_args()
args = Tool().run()
seen = dict(vars(args), colour=args.colour.value)
""",
}

OPTPARSE = {
    "all": """
from optparse import OptionGroup, OptionParser, make_option
parser = OptionParser(option_list=[make_option("-a", "--all", action="store_true")])
parser.add_option("-n", "--num", type="int", default=3)
parser.add_option("-s")
parser.add_option("--tag", action="append")
parser.add_option("-v", "--verbose", action="count")
parser.add_option("--size", type="choice", choices=["s", "m"])
group = OptionGroup(parser, "More")
parser.add_option_group(group)
group.add_option("--pair", nargs=2, type=float)
options, rest = parser.parse_args()
seen = vars(options)
""",
}

CLICK = {
    "types": """
import click
@click.command()
@click.argument("first")
@click.argument("middle", nargs=-1, type=int)
@click.argument("last", nargs=2)
@click.option("-n", "--name", default="x")
@click.option("-k", type=int, default=7)
@click.option("--size", type=click.Choice(["s", "M"], case_sensitive=False), default="s")
@click.option("--ratio", type=click.FloatRange(0, 1, max_open=True))
@click.option("--point", nargs=2, type=float)
@click.option("--pair", type=(int, str))
@click.option("--many", multiple=True)
@click.option("-p", "points", nargs=2, multiple=True, type=int)
@click.option("--sure", type=bool)
@click.option("--path", type=click.Path())
@click.option("--id", "ident", type=click.UUID)
def main(**given):
    global seen
    seen = dict(given, p=given["points"], id=str(given["ident"]))
main(standalone_mode=False)
""",
    "flags": """
import click
from functools import wraps
def shared(function):
    @click.option("-v", "--verbose", count=True)
    @click.option("--shout/--no-shout", " /-S", default=None)
    @wraps(function)
    def wrapper(*args, **more):
        return function(*args, **more)
    return wrapper
@click.command(context_settings={"auto_envvar_prefix": "X"})
@shared
@click.option("--upper", "how", flag_value="upper")
@click.option("--force", is_flag=True, help="Do it")
@click.option("--maybe", is_flag=False, flag_value="const", default="none")
@click.argument("optional", required=False)
def main(how, **given):
    global seen
    seen = dict(given, upper=how == "upper")
main(standalone_mode=False)
""",
    "groups": """
import click
@click.group()
@click.option("--root", default="r")
def cli(root):
    global seen
    seen = {"root": root}
@cli.command()
@click.argument("what", nargs=-1, required=True)
@click.option("--size", default=1)
def add(**given):
    seen.update(given, command="add")
@click.group(invoke_without_command=True)
@click.option("--deep", is_flag=True)
def remote(deep):
    seen.update(deep=deep, command="remote")
@remote.command("mv")
@click.argument("source")
def move(source):
    seen.update(source=source, command="remote mv")
cli.add_command(remote)
if __name__ == "__main__":
    cli(standalone_mode=False)
""",
}

TYPER = {
    "one": """
from enum import Enum
from pathlib import Path
from typing import Annotated, List, Literal, Optional, Tuple
import typer
class Colour(str, Enum):
    red = "RED"
    blue = "BLUE"
def main(
    first: str,
    files: Optional[List[Path]] = typer.Argument(None),
    n: Annotated[int, typer.Option("--num", "-n", min=1, max=5, help="How many")] = 3,
    colour: Colour = Colour.red,
    size: Literal["s", "m"] = "m",
    yes: bool = False,
    force: bool = typer.Option(False, "--force"),
    tags: "list[str]" = [],
    pair: Tuple[int, float] = (1, 2.0),
    needed: float = typer.Option(...),
    verbose: int = typer.Option(0, "--verbose", "-v", count=True),
    ctx: typer.Context = None,
):
    global seen
    seen = dict(
        first=first, files=[str(it) for it in files or []], num=n, colour=colour.value, size=size,
        yes=yes, force=force, tags=tags, pair=pair, needed=needed, verbose=verbose,
    )
app = typer.Typer(add_completion=False)
app.command()(main)
app(standalone_mode=False)
""",
    "commands": """
import typer
app = typer.Typer()
other = typer.Typer()
app.add_typer(other, name="other")
@app.callback()
def common(level: int = 1):
    global seen
    seen = {"level": level}
@app.command("add-one")
def add(what: str, twice: bool = False):
    seen.update(what=what, twice=twice, command="add-one")
@other.command()
def do_it(x: str = "x"):
    seen.update(x=x, command="other do-it")
app(standalone_mode=False)
""",
}

FIRE = {
    "function": """
import fire
def main(count: int, text: str = "a", flag: bool = False, anything=None):
    global seen
    seen = dict(count=count, text=text, flag=flag, anything=anything)
fire.Fire(main)
""",
}
