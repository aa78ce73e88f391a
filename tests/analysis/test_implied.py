"""What a script needs without importing it, and calls that only look like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.analysis.imports.implied_rules import implied_rules
from condavision.core.model import Analysis, ImportKind
from condavision.core.origin import Origin
from condavision.mapping.import_map import ImportMap

if TYPE_CHECKING:
    from collections.abc import Callable

PD = "import pandas as pd\n"
FRAME = f"{PD}df = pd.read_csv('a.csv')\n"
SA = "from sqlalchemy import create_engine\n"
SPIDER = "import scrapy\n"
MAYBE = """
try:
    from paddleocr import PaddleOCR
    HAS = True
except ImportError:
    HAS = False
"""
CAUGHT = """
from bs4 import BeautifulSoup, FeatureNotFound
try:
    BeautifulSoup(text, 'lxml')
except FeatureNotFound:
    BeautifulSoup(text, 'html.parser')
"""


def test_what_a_submodule_needs_as_its_wheel_shows(analyzed: Callable[..., Analysis]) -> None:
    found = analyzed({"s.py": "import dask.dataframe as dd\nimport dask"}).imports
    implied = {it.name: it.implied_by for it in found if it.kind is ImportKind.IMPLIED}
    assert implied == {"pandas": "dask.dataframe", "numpy": "dask.dataframe"}


ON_SOME: list[tuple[str, set[tuple[str, str]]]] = [
    # source; the modules needed without an import, and on which Pythons
    ("import pydub", {("audioop", ">=3.13")}),
    ("from pydub import AudioSegment\ntype X = int", {("audioop", ">=3.13")}),
    ("import pydub, sys\nif sys.version_info >= (3, 13): sys.exit(1)", set()),
    ("import pydub, audioop", set()),  # no Python that lacks it
    ("import pyinotify", {("asyncore", ">=3.12")}),
    ("import face_recognition", {("pkg_resources", "None")}),
    ("try:\n    import pydub\nexcept ImportError:\n    pass", set()),
]


@pytest.mark.parametrize(("text", "expected"), ON_SOME)
def test_what_only_some_pythons_need(
    analyzed: Callable[..., Analysis], text: str, expected: set[tuple[str, str]]
) -> None:
    found = [it for it in analyzed({"s.py": text}).imports if it.kind is ImportKind.IMPLIED]
    assert {(it.name, str(it.needed_on)) for it in found} == expected
    assert all(it.origin is Origin.PACKAGE for it in found)


NEEDED = [
    # source, the module that it needs
    (PD + "pd.read_excel('a.xlsx')", "openpyxl"),
    (PD + "def f(path):\n    return pd.read_excel(path, sheet_name=1)", "openpyxl"),
    ("from pandas import read_excel as r\nr('a.xlsx')", "openpyxl"),
    ("from bs4 import BeautifulSoup as b\nb(text, 'lxml')", "lxml"),
    ("from sqlalchemy import create_engine as ce\nce('mysql+pymysql://h')", "pymysql"),
    ("from bs4 import BeautifulSoup as b\nx.b(text, 'lxml')\nab(text, 'lxml')", ""),
    ("from pandas import read_excel\nread_excel('a.xlsx')", "openpyxl"),
    ("import pandas\npandas.read_excel('a.xls')", "xlrd"),
    (PD + "pd.read_excel('a.xls', engine='openpyxl')", "openpyxl"),
    (PD + "pd.read_excel(f'{x}.ods')", "odf"),
    (PD + "pd.read_excel(io='a' + '.xlsb')", "pyxlsb"),
    (PD + "pd.read_excel(p, engine='calamine')", "python_calamine"),
    (PD + "with pd.ExcelWriter('a.xlsx', engine='xlsxwriter') as w: pass", "xlsxwriter"),
    (PD + "pd.DataFrame().to_excel('a.xlsx')", "openpyxl"),
    (PD + "pd.read_parquet('a')", "pyarrow"),
    (PD + "df.to_parquet('a', engine='fastparquet')", "fastparquet"),
    (PD + "df.to_hdf('a', 'b')", "tables"),
    (PD + "df.to_sql('t', 'sqlite:///x.db', index=False)", "sqlalchemy"),
    (PD + "df.to_sql('t', connection)", ""),
    (PD + "pd.read_sql('select 1', con='postgresql://h/d')", "sqlalchemy"),
    ("import xarray as xr\nxr.open_dataset('https://h/dodsC/run')", "netCDF4"),
    ("import hvplot.pandas\ndf.hvplot.points('x', 'y', rasterize=True)", "datashader"),
    ("from dask.distributed import Client", "distributed"),
    (PD + "pd.read_html(url)", "lxml"),
    (PD + "print(df.to_markdown())", "tabulate"),
    (PD + "st.table(df.style.format('{:.2f}'))", "jinja2"),
    (PD + "st.table(frames[0].head().style.hide())", "jinja2"),
    (PD + "(df.style\n    .format('{:.2f}')\n    .hide())", "jinja2"),
    (PD + "shown = df.style\nshown.highlight_max()", "jinja2"),
    (PD + "print('{}'.format(x), df.apply(f), style.format(x))", ""),
    (PD + "pd.read_csv('s3://bucket/a.csv')", "s3fs"),
    (SA + "create_engine('postgresql://u:p@h/d')", "psycopg2"),
    (SA + "create_engine('postgresql+asyncpg://h')", "asyncpg"),
    (SA + "create_engine(f'mysql+pymysql://{user}@h/d')", "pymysql"),
    (SA + "create_engine('mysql://%s' % host)", "MySQLdb"),
    (SA + "create_engine('postgresql://{}/d'.format(host), echo=True)", "psycopg2"),
    (SA + "URL = 'mssql+pyodbc://h'\nengine = create_engine(URL)", "pyodbc"),
    ("import sqlalchemy as sa\nsa.create_engine(url='oracle+oracledb://h')", "oracledb"),
    ("from sqlalchemy.engine import URL\nURL.create('postgresql+psycopg', host='h')", "psycopg"),
    ("app.config['SQLALCHEMY_DATABASE_URI'] = 'mysql+pymysql://h'", "pymysql"),
    ("class C:\n    SQLALCHEMY_DATABASE_URI = 'postgresql://h'", "psycopg2"),
    ("from bs4 import BeautifulSoup as S\nS", ""),
    ("from bs4 import BeautifulSoup\nBeautifulSoup(text, 'lxml')", "lxml"),
    ("import bs4\nbs4.BeautifulSoup(text, features='html5lib')", "html5lib"),
    ("import bs4\nbs4.BeautifulSoup(text, 'xml' if a else 'lxml')", "lxml"),
    ("import bs4\nbs4.BeautifulSoup(text, 'lxml' if a else 'html.parser')", ""),
    ("import cv2\nknown = cv2.face.LBPHFaceRecognizer_create()", "cv2.face"),
    ("import matplotlib\nmatplotlib.use('Qt5Agg')", "PyQt5"),
    ("import matplotlib\nmatplotlib.use('qtcairo')", "PyQt6"),
    ("import matplotlib, PySide6\nmatplotlib.use('QtAgg')", ""),
    ("import matplotlib\nmatplotlib.use('TkAgg')", ""),
    ("import matplotlib\nmatplotlib.use('nbAgg')", "ipykernel"),
    ("import xarray as xr\nxr.open_dataset(p, engine='h5netcdf')", "h5netcdf"),
    ("from django.db import models\nclass A: a = models.ImageField()", "PIL"),
    ("from torchtext.data.utils import get_tokenizer\nget_tokenizer('spacy')", "spacy"),
    ("from torchtext.data.utils import get_tokenizer\nget_tokenizer('basic_english')", ""),
    ("from langchain_community.vectorstores import FAISS", "faiss"),
    ("from langchain_community.vectorstores import InMemoryVectorStore", ""),
    ("import transformers as t\nt.AutoModel.from_pretrained('x', device_map='auto')", "accelerate"),
    ("import transformers as t\nt.AutoModel.from_pretrained('x')", "torch"),
    ("import transformers as t\nt.AutoTokenizer.from_pretrained('x')", ""),
    ("import transformers as t, tensorflow\nt.pipeline('x')", ""),
    ("from torch.utils.tensorboard import SummaryWriter", "tensorboard"),
    ("from torch.utils import data", ""),
    ("import xarray as xr\nxr.open_dataset('a.nc')", "netCDF4"),
    ("import networkx as nx\nnx.draw(g)", "matplotlib"),
    ("import networkx as nx\nnx.nx_agraph.graphviz_layout(g)", "pygraphviz"),
    ("import networkx as nx\nnx.pagerank(g)", "scipy"),
    ("import networkx as nx\nnx.layout.shell_layout(g)", "numpy"),
    ("import networkx as nx\nnx.shortest_path(g)", ""),
    ("import httpx\nhttpx.Client(http2=True)", "h2"),
    ("import qrcode\nqrcode.make('x').save('a.png')", "PIL"),
    ("import qrcode\nqrcode.make('x', image_factory=factory)", ""),
    ("from jwt import encode\nencode(claims, key, algorithm='ES256')", "cryptography"),
    ("import jwt\njwt.encode(claims, key, 'RS256')", "cryptography"),
    ("import jwt\njwt.encode(claims, key, algorithm='HS256')", ""),
    ("import pyautogui\npyautogui.locateOnScreen('a.png', confidence=0.8)", "cv2"),
    ("import pyautogui\npyautogui.locateOnScreen('a.png')", ""),
    ("import gymnasium as gym\ngym.make('LunarLander-v3')", "Box2D"),
    ("import gymnasium as gym\ngym.make('CartPole-v1')", ""),
    ("import imageio.v2 as io\nio.mimsave('a.mp4', frames)", "imageio_ffmpeg"),
    ("import imageio.v2 as io\nio.mimsave('a.gif', frames)", ""),
    ("import evaluate\nmetric = evaluate.load('seqeval')", "seqeval"),
    ("import speech_recognition as sr\nwith sr.Microphone() as m: pass", "pyaudio"),
    ("from passlib.context import CryptContext\nCryptContext(schemes=['bcrypt'])", "bcrypt"),
    ("def connect(schemes=['bcrypt']): pass", ""),
    ("import markdown\nmarkdown.markdown(t, extensions=['pymdownx.mark'])", "pymdownx.mark"),
    ("import markdown\nmarkdown.markdown(t, extensions=['tables'])", ""),
    ("import requests\nproxies = {'http': 'socks5h://127.0.0.1:9050'}", "socks"),
    ("import requests, socks5\nproxies = {'http': 'http://127.0.0.1:9050'}", ""),
    ("from celery import Celery\napp = Celery('x', broker='redis://h/0')", "redis"),
    ("from celery import Celery\napp = Celery('x', broker='amqp://h')", ""),
    ("import fsspec\nfsspec.filesystem('s3', anon=True)", "s3fs"),
    ("import keras, jax\nkeras.utils.load_img('a.png')", "PIL"),
    ("from fastapi import Form\ndef f(a: str = Form(...)): pass", "multipart"),
    ("from fastapi.testclient import TestClient", "httpx"),
    ("from pydantic import EmailStr", "email_validator"),
    ("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}", "psycopg2"),
    ("INSTALLED_APPS = ['django.contrib.auth', 'rest_framework']", "rest_framework"),
    (
        "CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache'}}  # django.",
        "django_redis.cache.RedisCache",
    ),
    ("MIDDLEWARE = ('django.x.Y', 'whitenoise.middleware.W')", "whitenoise.middleware.W"),
    ("THEIRS = ['rest_framework']\nINSTALLED_APPS = ['django.x'] + THEIRS", "rest_framework"),
    ("INSTALLED_APPS = THEIRS + ['django.x']\nTHEIRS = ('rest_framework',)", "rest_framework"),
    ("THEIRS = ['whitenoise.W']\nMIDDLEWARE = [\n  *THEIRS,\n  'django.x.Y',\n]", "whitenoise.W"),
    ("from django.conf import settings as s\ns.configure(INSTALLED_APPS=['axes'])", "axes"),
    ("x = 'django.x'\nAUTHENTICATION_BACKENDS: list[str] = ['axes.b.B']", "axes.b.B"),
    ("'django.x'\n# INSTALLED_APPS = ['axes']\n__all__ = ['INSTALLED_APPS', 'axes']", ""),
    ("DOWNLOADER_MIDDLEWARES = {'scrapy_agents.M': 400, 'scrapy_off.M': None}", "scrapy_agents.M"),
    ("DOWNLOAD_HANDLERS = {'https': 'scrapy_playwright.h.H'}", "scrapy_playwright.h.H"),
    (SPIDER + "custom_settings = {'ITEM_PIPELINES': {'mongo.M': 1}}", "mongo.M"),
    (SPIDER + "s.set('DUPEFILTER_CLASS', 'redis_filter.F')", "redis_filter.F"),
    (SPIDER + "SCHEDULER = 'simple'\nEXTENSIONS = {'off': 1}", ""),
    ("EXTENSIONS = {'a.b': 1}\nSCHEDULER = 'x.y'", ""),
    (SA + "def f(url='mysql+pymysql://h'):\n    return create_engine(url)", "pymysql"),
    ("def f(u: str = 'mysql://h'):\n    app.config['SQLALCHEMY_DATABASE_URI'] = u", "MySQLdb"),
    (SA + "def f(url='mysql+pymysql://h'): pass\ncreate_engine(url)", ""),
    (SA + "def f(url='mysql://h'):\n    create_engine(url)\nf(url='sqlite://')", ""),
    ("class S(BaseSettings):\n    db_url: str = 'postgresql+psycopg://u@h/d'", "psycopg"),
    ("class S(BaseSettings):\n    DB_URL: str = Field(default='mysql+pymysql://h')", "pymysql"),
    ("class S(BaseSettings):\n    DATABASE_URL: str = Field('sqlite+aiosqlite:///a')", "aiosqlite"),
    ("DATABASE_URL = os.getenv('DATABASE_URL', 'postgresql+asyncpg://u@h/d')", "asyncpg"),
    ("DATABASE_URL = 'postgresql://h/d'  # asyncpg reads it, too", ""),
    (PD + "summary(x).style.highlight_between(left=1)", "jinja2"),
    ("from langchain_community.embeddings import DashScopeEmbeddings", "dashscope"),
    ("from langchain_community.chat_models.tongyi import ChatTongyi", "dashscope"),
    ("from langchain_community.document_loaders import JSONLoader", "jq"),
    ("from langchain.chat_models.gigachat import GigaChat", "gigachat"),
    (SA + "create_engine(os.getenv('URL', 'mysql+pymysql://h'))", "pymysql"),
    (SA + "create_engine(config('URL', default='sqlite:///a'))", ""),
    ("CELERY_BROKER_URL = config('REDIS_URL', default='redis://localhost')", "redis"),
    ("app.config['SQLALCHEMY_DATABASE_URI'] = os.getenv('URL', 'postgresql://h')", "psycopg2"),
    ("import plotly.express as px\npx.scatter(x=[1], y=[2])", "numpy"),
    ("import pandas, plotly.express as px", ""),
    # what only an optional library needs
    (MAYBE + "def read():\n    return PaddleOCR(lang='ch') if HAS else None", ""),
    (MAYBE + "import paddleocr\nPaddleOCR(lang='ch')", "paddle"),
    (FRAME + "df.plot()", "matplotlib"),
    (FRAME + "df['x'].dropna().plot(title='a')", "matplotlib"),
    (FRAME + "df = df[df.x > 1]\ndf.groupby('x').mean().plot(x='x', y='y')", "matplotlib"),
    (FRAME + "df.hist(bins=5)", "matplotlib"),
    (FRAME + "df.plot(backend='plotly')", "plotly"),
    (FRAME + "df.head().style", "jinja2"),
    (FRAME + "df.restyle\nother.style\ndocument.paragraphs[0].style", ""),
    ("from pandas import Series\nSeries([1]).plot()", "matplotlib"),
    (PD + "def draw(df: pd.DataFrame):\n    df.plot()", "matplotlib"),
    ("import geopandas as g\ng.read_file('a.shp').plot()", "matplotlib"),
    # not unmistakable
    (PD + "df.plot()", ""),
    (PD + "df = load()\ndf.plot()", ""),
    (FRAME + "df = load()\ndf.plot()", ""),
    (FRAME + "df = df.dropna()\nother.plot()\nself.plot()\nplot()", ""),
    (FRAME + "from hvplot import pandas\ndf.plot()", ""),
    (FRAME + "df.plot(backend=chosen)", ""),
    (PD + "tree = Tree(pd.read_csv('a.csv'))\ntree.plot()", ""),
    (PD + "def draw(net: Net, df: pd.DataFrame):\n    net.plot()", ""),
    (PD + "x.read_excel('a.xlsx')", ""),
    (PD + "pd.read_excel", ""),
    (PD + "'''pd.read_excel(x)'''\n# pd.read_excel(x)", ""),
    (PD + "pd.read_excel('a', engine=chosen)", ""),
    (PD + "pd.read_csv('a.csv')", ""),
    ("import polars as pl\npl.read_csv('a.csv')\ndf.to_parquet('a')", ""),
    ("def read_excel(x): pass\nread_excel('a.xlsx')", ""),
    (PD + "import pyarrow\ndf.to_parquet('a')", "pyarrow"),
    (PD + "import fastparquet\ndf.to_parquet('a')", ""),
    (PD + "import xlsxwriter\ndf.to_excel('a')", ""),
    (PD + "import pyspark\ndf.to_parquet('a')", ""),
    (SA + "create_engine('sqlite:///a.db')", ""),
    (SA + "create_engine(url)\nurl = 'postgresql://a'\nurl = 'sqlite://'", ""),
    (SA + "create_engine(os.environ['URL'])", ""),
    ("create_engine('postgresql://a')", ""),
    ("from bs4 import BeautifulSoup\nBeautifulSoup(text, 'html.parser')", ""),
    (CAUGHT, ""),
    ("import matplotlib\nmatplotlib.use('Agg')", ""),
    ("from keras.models import load_model\nload_model('m.h5')", "tensorflow"),
    ("import torch\nfrom keras.models import load_model\nload_model('m.h5')", ""),
    ("from tensorflow import keras\nkeras.models.load_model('m.h5')", ""),
    ("from mtcnn import MTCNN\nMTCNN()", "tensorflow"),
    ("from funasr import AutoModel", "torch"),
    ("from cvzone.HandTrackingModule import HandDetector", "mediapipe"),
    ("import cvzone", ""),
    ("import pyqtgraph.opengl as gl", "OpenGL"),
    ("import pyqtgraph as pg", ""),
    ("import webrtcvad", "pkg_resources"),
    ("import undetected_chromedriver as uc", "setuptools"),
    ("from dramatiq.brokers.rabbitmq import RabbitmqBroker", "pika"),
    ("from huey import RedisHuey\nRedisHuey('a')", "redis"),
    ("from huey import SqliteHuey\nSqliteHuey('a')", ""),
    ("from passlib.hash import argon2", "argon2"),
    ("from passlib.hash import sha256_crypt", ""),
    ("import httpx\nhttpx.Client(proxy='socks5://localhost:9050')", "socksio"),
    ("import httpx\nhttpx.Client(proxy='http://localhost:9050')", ""),
    ("from bokeh.io import export_png\nexport_png(p)", "selenium"),
    ("from sympy.parsing.latex import parse_latex as p\np('x')", "antlr4"),
    ("import optuna\nfrom optuna.integration import OptunaSearchCV", "optuna_integration"),
    ("from langchain.chat_models import init_chat_model as i\ni('groq:a')", "langchain_groq"),
    (
        "import langchain.chat_models as c\nc.init_chat_model('a', model_provider='openai')",
        "langchain_openai",
    ),
    ("from langchain.chat_models import init_chat_model\ninit_chat_model(model)", ""),
    ("from transformers import MarianMTModel as M\nM.from_pretrained('a')", "torch"),
    ("ENGINE = 'steam'\nINSTALLED_APPS = ['mine']", ""),
]


def implied(analysis: Analysis) -> set[str]:
    found = {it.name for it in analysis.imports if it.kind is ImportKind.IMPLIED}
    return {name for name in found if not name.startswith(("django.", "scrapy."))}


@pytest.mark.parametrize(("text", "needed"), NEEDED, ids=range(len(NEEDED)))
def test_needed(text: str, needed: str, analyzed: Callable[..., Analysis]) -> None:
    assert implied(analyzed({"s.py": text})) == ({needed} if needed else set())


@pytest.mark.parametrize("before", ["", ".format('{:.1f}')", "\\\n    .hide()\\\n    "])
def test_a_gradient_needs_colours_too(before: str, analyzed: Callable[..., Analysis]) -> None:
    text = PD + f"summary(x).style{before}.background_gradient(cmap='Blues')"
    assert implied(analyzed({"s.py": text})) == {"jinja2", "matplotlib"}


def test_it_says_where_and_what_needs_it(analyzed: Callable[..., Analysis]) -> None:
    found = analyzed({"s.py": PD + "\npd.read_excel('a.xlsx')"})
    needed = found.imports[-1]

    assert (str(needed.location), needed.implied_by) == ("s.py:3", "pandas.read_excel")


def test_a_local_application_needs_no_package(analyzed: Callable[..., Analysis]) -> None:
    files = {
        "proj/settings.py": "INSTALLED_APPS = ['django.contrib.auth', 'blog', 'crispy_forms']",
        "proj/__init__.py": "",
        "blog/__init__.py": "",
    }

    assert implied(analyzed(files)) == {"crispy_forms"}


def test_the_table_names_modules_that_the_map_knows() -> None:
    table = implied_rules()
    settings = [rules for named in table.settings.values() for rules in named.values()]
    groups = [*table.calls.values(), *table.imports.values(), *table.methods.values(), *settings]
    needs = {need for group in groups for rule in group for need in rule.needs} - {"*"}
    needs = {need for need in needs if need[0] not in "./"}

    assert len(needs) > 50
    assert [name for name in sorted(needs) if not ImportMap.bundled().provider(name)] == []


@pytest.mark.parametrize("text", ["from south.db import db", "import south.modelsinspector"])
def test_south_needs_what_old_releases_of_django_have(
    text: str, analyzed: Callable[..., Analysis]
) -> None:
    names = {it.name for it in analyzed({"s.py": text}).imports}
    assert "django.db.backends.creation" in names
