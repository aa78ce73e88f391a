"""The command's entry point: warm runs start here, everything else is left to ``cli``.

It imports only what the warm path needs (see ``warm``).
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
_BROKEN_PIPE = 141  # 128 + SIGPIPE


def main() -> "NoReturn":
    """Run the command line; never returns.

    ``condavision run SCRIPT ARGS...`` starts a script that is unchanged since its last run at once,
    and so does ``-m MODULE``; ``-q``, ``--lock`` and ``--`` may precede them. ``cli`` does
    everything else.
    """
    arguments = sys.argv[1:]
    if len(arguments) > 1 and arguments[0] == "run":
        at = 1
        # A warm start prints nothing, and its lock fits.
        while arguments[at : at + 1] in (["-q"], ["--quiet"], ["--lock"]):
            at += 1
        words = arguments[at:]
        if len(words) > 1 and words[0] == "-m":
            _start_warm(words[1], words[2:], module=True)
        elif len(words) > 1 and words[0] == "--":
            _start_warm(words[1], words[2:])
        elif words and not words[0].startswith("-"):
            _start_warm(words[0], words[1:])
    # py-rattler crashes one interpreter in twenty at its end (PyGILState_Release), after the work
    # is done; leaving without finalization keeps the exit code.
    os._exit(_flushed(_command_line()))


def _start_warm(script: str, arguments: list[str], *, module: bool = False) -> None:
    try:
        from condavision.warm import warm_command  # noqa: PLC0415

        found = warm_command(script, arguments, os.environ, module=module)
        if found is not None and os.name != "nt":
            command, environment = found
            os.execve(command[0], command, environment)  # noqa: S606 - becomes the script
    except Exception:  # noqa: BLE001 - the cold start reports the error
        return


def _command_line() -> int:
    import gc  # noqa: PLC0415 - the warm path needs none

    gc.disable()  # a command is short and makes few cycles: looking for them takes a tenth of it
    try:
        from condavision.system.own_python import drop_users_paths  # noqa: PLC0415

        drop_users_paths()
        from condavision.system.limits import keep_to_few_threads  # noqa: PLC0415

        keep_to_few_threads()
        from condavision.system.std_streams import guard_streams  # noqa: PLC0415

        guard_streams()
        from condavision.cli import main as command_line  # noqa: PLC0415

        return _exit_code(command_line())
    except SystemExit as error:
        return _exit_code(error.code)
    except KeyboardInterrupt:
        sys.stderr.write("condavision: interrupted\n")
        return _INTERRUPTED
    except BrokenPipeError:
        return _BROKEN_PIPE
    except Exception:  # noqa: BLE001 - a bug of ours: show it, and still leave without finalization
        sys.excepthook(*sys.exc_info())
        return 1


def _exit_code(value: object) -> int:
    """Return the exit code of what ``sys.exit`` was given, as the interpreter would."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 0xFF if os.name == "posix" else value
    sys.stderr.write(f"{value}\n")
    return 1


def _flushed(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            code = code or _BROKEN_PIPE
        except Exception:  # noqa: BLE001 - already reported, or no stream is left
            code = code or 1
    return code
