"""Imports whose packages have other names: yaml, PIL, bs4, dateutil."""

from io import BytesIO

import yaml
from bs4 import BeautifulSoup
from dateutil import parser
from PIL import Image

PAGE = "<ul><li class=due>21 March 2027</li><li>paint the fence</li></ul>"

page = BeautifulSoup(PAGE, "html.parser")
due = parser.parse(page.find(class_="due").text)
stream = BytesIO()
Image.new("RGB", (60, 20), "gold").save(stream, "PNG")
card = {"task": page.find_all("li")[1].text, "due": due.date(), "image": f"{Image.open(stream).size}"}
print(yaml.safe_dump(card, sort_keys=False), end="")
