"""Code of a project that is reached by a text: a module's name in a setting, a file's path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.analysis.analyze import analyze_together
from condavision.analysis.source.script_search import search_scripts
from condavision.core.model import Analysis, ImportKind
from condavision.core.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APP = {"app/__init__.py": "", "app/main.py": "import yaml\napi = 1", "other.py": "import yaml"}

LEAD_TO_YAML = {
    "uvicorn": "import uvicorn\nuvicorn.run('app.main:api', port=8000)",
    "uvicorn's configuration": "import uvicorn as u\nu.Config(app='app.main:api')",
    "a name for the text": "import uvicorn\nAPP = 'app.main:api'\nuvicorn.run(APP)",
    "granian": "from granian import Granian\nGranian('app.main:api').serve()",
    "gunicorn in a command": "import subprocess\n"
    "subprocess.run(['gunicorn', '-w', '4', 'app.main:a'])",
    "uvicorn in a text": "import os\nos.system('uvicorn app.main:api --reload')",
    "gunicorn's settings": "wsgi_app = 'app.main:api'",
    "celery": "from celery import Celery\nCelery('w', include=['app.main'])",
    "celery, set later": "from celery import Celery\nc = Celery()\n"
    "c.config_from_object('app.main')",
    "celery's settings": "CELERY_IMPORTS = ('app.main',)",
    "flask": "from flask import Flask\na = Flask(__name__)\n"
    "a.config.from_object('app.main.Config')",
    "Django's settings": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'app.main')",
    "Django's settings, assigned": "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'app.main'",
    "Django's addresses": "ROOT_URLCONF = 'app.main'",
    "Django's included addresses": "from django.urls import include\nu = include('app.main')",
    "scrapy": "SPIDER_MODULES = ['app']",
    "import_string": "from werkzeug.utils import import_string\nimport_string('app.main:api')",
    "run_module": "import runpy\nrunpy.run_module('app.main', run_name='__main__')",
    "run_path": "import runpy\nrunpy.run_path('other.py')",
    "run_path beside the file": "import os, runpy\n"
    "runpy.run_path(os.path.join(os.path.dirname(__file__), 'other.py'))",
    "execfile": "execfile('other.py')",
    "exec": "exec(open('other.py').read())",
    "exec, compiled": "exec(compile(open('other.py').read(), 'other.py', 'exec'))",
    "exec of a Path": "from pathlib import Path\nexec(Path('other.py').read_text())",
    "another process": "import subprocess, sys\nsubprocess.run([sys.executable, '-u', 'other.py'])",
    "another process, as a module": "import sys\nPopen([sys.executable, '-m', 'app.main'])",
    "another process, by name": "import subprocess\nsubprocess.call(['python3', 'other.py', 'x'])",
    "another process, in a text": "import os\nos.system('python other.py')",
    "a page of streamlit": "import streamlit as st\nst.Page('other.py')",
}
LEAD_NOWHERE = {
    "not of this project": "import uvicorn\nuvicorn.run('web.main:api')",
    "an object": "import uvicorn\nuvicorn.run(app.main)",
    "a function of that name": "def run(x): pass\nrun('app.main:api')",
    "an exec of a text": "exec('import x')",
    "setup.py": "import sys\nPopen([sys.executable, 'setup.py', 'install'])",
    "the interpreter alone": "import sys\nPopen([sys.executable])",
    "an installer": "import sys\nPopen([sys.executable, '-m', 'pip', 'install', 'yaml'])",
    "a text": "print('run python nothing.py')",
}
INSTALLED = "INSTALLED_APPS = ['django.contrib.auth', 'shop.apps.Shop', 'blog']\n"
DJANGO = {
    "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')",
    "mysite/__init__.py": "",
    "mysite/settings.py": f"{INSTALLED}ROOT_URLCONF = 'mysite.urls'",
    "mysite/urls.py": "import r1",
    "blog/__init__.py": "",
    "blog/models.py": "import r2",
    "shop/__init__.py": "",
    "shop/apps.py": "import r3\nclass Shop: pass",
    "shop/models.py": "import r4",
    "shop/admin.py": "import r5",
}


def required(found: Analysis) -> set[str]:
    dispensable = (ImportKind.OPTIONAL, ImportKind.IMPLIED)
    return {
        it.name
        for it in found.imports
        if it.origin is Origin.PACKAGE and it.kind not in dispensable
    }


@pytest.mark.parametrize("text", LEAD_TO_YAML.values(), ids=LEAD_TO_YAML)
def test_what_a_text_leads_to_is_read(text: str, analyzed: Callable[..., Analysis]) -> None:
    assert "yaml" in required(analyzed({"s.py": text, **APP}))


@pytest.mark.parametrize("text", LEAD_NOWHERE.values(), ids=LEAD_NOWHERE)
def test_other_texts_say_nothing(text: str, analyzed: Callable[..., Analysis]) -> None:
    found = analyzed({"s.py": text, **APP, "setup.py": "import yaml"})

    assert {it.name for it in found.imports} - {"uvicorn", "sys"} == set()


def test_a_django_project_is_read_from_its_settings(analyzed: Callable[..., Analysis]) -> None:
    assert required(analyzed(DJANGO)) == {"r1", "r2", "r3", "r4", "r5"}


def test_a_file_that_is_run_is_a_script(analyzed: Callable[..., Analysis]) -> None:
    main = "if __name__ == '__main__':\n    import yaml"
    files = {"s.py": "import runpy\nrunpy.run_path('other.py')", "other.py": main}

    assert "yaml" in required(analyzed(files))


def read_together(root: Path) -> Analysis:
    found = search_scripts([root])
    return analyze_together(found.scripts, modules=found.modules, root=root)


def test_the_code_of_packages_is_read_together(project: Callable[..., Path]) -> None:
    files = {
        "shop/__init__.py": "from flask import Flask\napp = Flask()\nfrom shop import views",
        "shop/views.py": "import yaml\nfrom shop import app",
        "shop/jobs/__init__.py": "",
        "shop/jobs/mail.py": "import jinja2",
        "shop/tests/__init__.py": "",
        "shop/tests/helpers.py": "import pytest",
        "shop/jobs/test_mail.py": "import pytest",
        "shop/vendor/__init__.py": "",
        "shop/vendor/six.py": "import tkinter, enum34",
        "scripts/run.py": "import rich",
    }
    found = read_together(project(files))

    assert required(found) == {"flask", "yaml", "jinja2", "rich"}
    assert found.script.name == "run.py"


def test_a_module_beside_the_scripts_narrows_as_far_as_they_allow(
    project: Callable[..., Path],
) -> None:
    files = {
        "run.py": "def f(x, /): pass",
        "shop/__init__.py": "",
        "shop/new.py": "match x:\n    case 1: pass",
        "shop/old.py": "print 'x'\nimport urllib2",
    }
    found = read_together(project(files))

    assert str(found.python) == ">=3.10"
    assert [str(it.location) for it in found.contradicted] == ["shop/old.py:1"]
