"""Imports that may fail although the script needs them later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.core.model import Analysis, ImportKind
from condavision.core.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

PASSED = "try:\n    import np\nexcept ImportError:\n    pass\n"
NONE = "try:\n    import numpy as np\nexcept ImportError:\n    np = None\n"
TOLD = "try:\n    import np\nexcept ImportError:\n    print('pip install np')\n"
FLAGGED = "try:\n    import np\n    HAS = True\nexcept ImportError:\n    HAS = False\n"

KEPT = "try:\n    import np\n    MISSING = None\nexcept ImportError as e:\n    MISSING = e\n"
IN_FUNCTION = "def main():\n    try:\n        from np import f\n    except ImportError:\n"
IN_FUNCTION += "        print('np is missing')\n    f()\n"
SAID = FLAGGED + "class A:\n    def __init__(self):\n        if not HAS:\n"
SAID += "            raise ImportError('np')\n"

WHOLE = "try:\n    import np\n    np.zeros()\nexcept Exception as e:\n    {}\n"
SPEC = "from importlib.util import find_spec\n"
SOUGHT = SPEC + "FOUND = find_spec('np') is not None\n"

REQUIRED = {
    "not found, given up": SOUGHT + "if not FOUND:\n    sys.exit('no np')\nimport np",
    "not found, raised": SOUGHT
    + "def f():\n    if not FOUND:\n        raise E\n    import np\nf()",
    "not found, installed": SOUGHT + "if not FOUND:\n    install('np')\nimport np",
    "missing ones listed": SPEC + "missing = [it for it in ('np',) if find_spec(it) is None]\n"
    "if missing:\n    install()\nimport np",
    "other rows, left early": "def f(has_rows):\n    if not has_rows:\n        return\n"
    "    import np",
    "all in one try": WHOLE.format("print(e)"),
    "all in the try of main": "def main():\n    try:\n        import np\n        np.zeros()\n"
    "    except Exception as e:\n        print(e)\nmain()",
    "needed elsewhere, whatever fails here": "def g():\n    import np\ndef f():\n    try:\n"
    "        import np\n        np.f()\n    except Exception as e:\n        log(e)\nf()",
    "given up after any failure": WHOLE.format("log(e); sys.exit(1)") + "go_on()",
    "any failure is passed on": WHOLE.format("raise Failed from e") + "go_on()",
    "started again without it": "import os\ntry:\n    import np\nexcept ImportError:\n"
    "    if os.path.exists(p):\n        os.execv(p, [p])\nclass A:\n    def f(self): np.zeros()",
    "installed without it": "import subprocess\ntry:\n    import np\nexcept ImportError:\n"
    "    subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'np'])\n    print('done')",
    "installed by what the handler imports": "try:\n    import np\nexcept ImportError:\n"
    "    import subprocess\n    subprocess.run(['pip', 'install', 'np'])",
    "installed and imported again": "import os\ntry:\n    import np\nexcept ImportError:\n"
    "    os.system('pip install np')\n    import np",
    "in the module": PASSED + "print(np.zeros(3))",
    "where None was put instead": NONE + "x = np.zeros(3)",
    "after a mere message": TOLD + "np.seterr()",
    "in a function that others call, after it was told how to install it": TOLD
    + "def f():\n    np.zeros()",
    "of a member": "try:\n    from np import a, b\nexcept ImportError:\n    pass\nb()",
    "as a base class": PASSED + "class A(np.Base):\n    pass",
    "as a decorator": PASSED + "@np.vectorize\ndef f(): pass",
    "in the main block": PASSED + "if __name__ == '__main__':\n    np.zeros()",
    "where nothing was put for several": "try:\n    from np import a, b\nexcept ImportError:\n"
    "    a = b = None\na()",
    "in a function that is called": PASSED + "def main():\n    np.zeros()\nmain()",
    "in a function called by one that is": NONE
    + "def one():\n    return np.zeros()\ndef main():\n    one()\n"
    "if __name__ == '__main__':\n    main()",
    "in a method of a class that is used": PASSED
    + "class A:\n    def f(self):\n        np.zeros()\nA().f()",
    "after the script gave up without it": NONE
    + "if np is None:\n    raise SystemExit('no numpy')\nnp.zeros()",
    "after a flag made it give up": FLAGGED + "if not HAS:\n    print('no')\n    sys.exit(1)",
    "after a flag made a called function exit": FLAGGED
    + "def main():\n    if HAS is False:\n        raise SystemExit('no')\nmain()",
    "after a called function gave up": NONE
    + "def main():\n    if np is None:\n        sys.exit('no')\n    np.zeros()\nmain()",
    "after a called function said how to install it": NONE
    + "def main():\n    if np is None:\n        raise RuntimeError('pip install np')\n"
    "    np.zeros()\nmain()",
    "as a keyword argument's value": PASSED + "f(xp=np)",
    "in the function that tried": IN_FUNCTION + "main()",
    "in the main block that tried": "if __name__ == '__main__':\n    try:\n        import np\n"
    "    except ImportError:\n        print('no')\n    np.zeros()",
    "after a loop that tried": "for i in range(3):\n    try:\n        import np\n        break\n"
    "    except ImportError:\n        print('again')\nnp.zeros()",
    "in a method that tried": "class A:\n    def f(self):\n        try:\n            import np\n"
    "        except ImportError:\n            np = None\n        self.x = np.zeros()\nA().f()",
    "under one of two flags": FLAGGED
    + "def f():\n    np.f()\nif not (HAS and OTHER):\n    sys.exit(1)",
    "or another is missing": FLAGGED + "if not HAS or not OTHER:\n    sys.exit(1)",
    "a flag is False, or another": FLAGGED + "if HAS is False or x:\n    raise E",
    "the failure was kept": KEPT + "if MISSING is not None:\n    sys.exit(str(MISSING))",
    "the failure was kept, and is raised": KEPT
    + "def f():\n    if MISSING:\n        raise ImportError('np') from MISSING\nf()",
    "asserted": FLAGGED + "def f():\n    assert HAS, 'install np'\nf()",
    "else exits": FLAGGED + "if HAS:\n    np.f()\nelse:\n    sys.exit('install np')",
    "a class that is made says so": SAID + "if __name__ == '__main__':\n    A()",
    "an Ansible module says so": FLAGGED
    + "def main():\n    if not HAS:\n        module.fail_json(msg='np')\nmain()",
    "other failures are caught, over lines": PASSED
    + "try:\n    np.zeros()\nexcept (\n    OSError,\n    ValueError,\n):\n    pass",
    "other failures are caught, named over lines": PASSED
    + "try:\n    np.zeros()\nexcept \\\n        ValueError as e:\n    pass",
    "no failure is caught": PASSED + "try:\n    np.zeros()\nexcept ():\n    pass",
    "not caught by the first handler": "try:\n    import np\nexcept ValueError:\n    pass\n"
    "except Exception:\n    raise",
}
OPTIONAL = {
    "another handler raises again": "try:\n    import np\nexcept ImportError:\n    pass\n"
    "except Exception:\n    raise",
    "the function that tried left": "def f():\n    try:\n        import np\n"
    "    except ImportError:\n        return None\n    return np.zeros()\nf()",
    "the loop that tried continues": "for x in y:\n    try:\n        import np\n"
    "    except ImportError:\n        continue\n    np.zeros()",
    "used in another function than tried": "def f():\n    try:\n        import np\n"
    "    except ImportError:\n        pass\ndef g(np):\n    np.zeros()\nf()\ng(1)",
    "tried where something is chosen": "if x:\n    try:\n        import np\n"
    "    except ImportError:\n        pass\nif x == 1:\n    np.zeros()",
    "under one flag and another": FLAGGED + "if not HAS and WANTED:\n    sys.exit(1)",
    "a class that is made where it may fail": SAID + "try:\n    A()\nexcept ImportError:\n    pass",
    "a class that is made where it may fail, over lines": SAID
    + "try:\n    A()\nexcept (\n    ImportError,\n    OSError,\n):\n    pass",
    "a class that is made where it may fail, and a comment": SAID
    + "try:  # it is optional\n    A()\nexcept ImportError:\n    pass",
    "a class that is not made says so": SAID,
    "the failure was kept, for a warning": KEPT + "if MISSING:\n    print(MISSING)",
    "goes on after any failure": WHOLE.format("print(e)") + "go_on()",
    "any failure in a function": "class A:\n    def f(self):\n        if x:\n            try:\n"
    "                import np\n                self.np = np.zeros()\n"
    "            except Exception as e:\n                log(e)",
    "any failure in a loop": "for x in y:\n    try:\n        import np\n        np.zeros()\n"
    "    except:\n        print(x)",
    "tried elsewhere": "def g():\n    import np\ndef f():\n    try:\n        import np\n"
    "    except ImportError:\n        pass\nf()",
    "told how to install it": "try:\n    import np\nexcept ImportError:\n"
    "    print('subprocess: run pip install np')",
    "never used": PASSED,
    "in a function that nothing calls": PASSED + "def to_array(x):\n    return np.array(x)",
    "asked about": NONE + "def main():\n    if np is not None:\n        np.zeros()\nmain()",
    "asked about in the module": NONE + "if np:\n    np.zeros()",
    "asked with and": NONE + "x = np and np.zeros()",
    "asked in an expression": NONE + "x = np.zeros() if np else []",
    "left early": NONE + "def main():\n    if not np:\n        return\n    np.zeros()\nmain()",
    "a flag is asked": FLAGGED + "def main():\n    if HAS:\n        np.zeros()\nmain()",
    "a function that nothing calls gives up": FLAGGED
    + "def need():\n    if not HAS:\n        raise SystemExit('no')",
    "a function that is called raises": FLAGGED
    + "def need():\n    if not HAS:\n        raise RuntimeError('no')\ntry: need()\nexcept: pass",
    "a flag is told": FLAGGED + "if not HAS:\n    print('no np')",
    "looked for first": "from importlib.util import find_spec\nif find_spec('np'):\n    import np",
    "looked for and noted": "import importlib.util as u\nFOUND = u.find_spec('np') is not None\n"
    "if FOUND:\n    import np",
    "looked for and noted over lines": "FOUND: bool = (\n    find_spec('np') is not None and\n"
    "    find_spec('py') is not None\n)\ndef f():\n    if FOUND:\n        import np",
    "not found, left early": SOUGHT + "def f():\n    if not FOUND:\n        return\n    import np",
    "not found, passed over": SOUGHT + "for x in y:\n    if not FOUND: continue\n    import np",
    "looked for, left early": SPEC + "def f():\n    if not find_spec('np'):\n        return\n"
    "    import np",
    "no spec, left early": SPEC + "def f():\n    spec = find_spec('np')\n    if spec is None:\n"
    "        return\n    import np",
    "missing, noted": SPEC + "MISSING = find_spec('np') is None\nif not MISSING:\n    import np",
    "not found, or else": SOUGHT + "if not FOUND:\n    print('no')\nelse:\n    import np",
    "noted on the object": SPEC + "class A:\n    def __init__(self):\n        self.np = bool("
    "find_spec('np'))\n    def f(self):\n        if self.np:\n            import np",
    "all of them found": SPEC + "if all(find_spec(it) for it in ('np', 'py')):\n    import np",
    "in an expression": SPEC + "np = __import__('np') if find_spec('np') else None",
    "an application that is asked about": "if 'np' in settings.INSTALLED_APPS:\n    import np",
    "an application, noted": "NP = 'np' in settings.INSTALLED_APPS\nif NP:\n    import np",
    "a module loaded already": "import sys\nif 'np' in sys.modules:\n    import np",
    "another name stands in": NONE + "np = np or stub\nnp.zeros()",
    "a function stands in": "try:\n    from np import zeros\nexcept ImportError:\n"
    "    def zeros(): pass\nzeros()",
    "a class stands in": "try:\n    from np import A, B\nexcept ImportError:\n    A = None\n"
    "    class B: pass\nB()",
    "a value stands in": "try:\n    from np import x\nexcept ImportError:\n    x = 3\nprint(x)",
    "failing is caught": PASSED + "try:\n    np.zeros()\nexcept NameError:\n    pass",
    "failing is caught, over lines": PASSED
    + "try:\n    np.zeros()\nexcept (\n    OSError,\n    NameError,\n):\n    pass",
    "failing is caught, without brackets": PASSED
    + "try:\n    np.zeros()\nexcept OSError, NameError:\n    pass",
    "failing is caught, in a group": PASSED + "try:\n    np.zeros()\nexcept* NameError:\n    pass",
    "looked up by its name": PASSED + "def main():\n    np.zeros()\nif 'np' in globals(): main()",
    "another thing of that name": PASSED + "x.np.zeros()\nf(np=1)\ndef g(np): np()",
    "only in an annotation": PASSED + "def f(x: np.array): pass",
    "only in a text": PASSED + "print('use np here')  # np",
    "the handler imports another": "try:\n    import ujson as json\nexcept ImportError:\n"
    "    import json\njson.loads('1')",
    "in a function": "def f():\n    try:\n        import np\n    except ImportError:\n"
    "        pass\n    np.zeros()",
}


def kind_of(analysis: Analysis) -> ImportKind:
    return next(it.kind for it in analysis.imports if it.origin is Origin.PACKAGE)


@pytest.mark.parametrize("text", REQUIRED.values(), ids=REQUIRED)
def test_used_regardless(text: str, analyzed: Callable[..., Analysis]) -> None:
    assert kind_of(analyzed({"s.py": text})) is ImportKind.REQUIRED


def test_another_that_is_installed_stands_in(analyzed: Callable[..., Analysis]) -> None:
    text = "import os\ntry:\n    import json\nexcept ImportError:\n"
    text += "    os.system('pip install np')\n    import np as json\njson.f()"
    assert kind_of(analyzed({"s.py": text})) is ImportKind.FALLBACK


@pytest.mark.parametrize("text", OPTIONAL.values(), ids=OPTIONAL)
def test_goes_on_without(text: str, analyzed: Callable[..., Analysis]) -> None:
    assert kind_of(analyzed({"s.py": text})) is ImportKind.OPTIONAL
