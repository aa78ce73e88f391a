"use strict";

// Everything works without this file; it shows output as it comes, and spares some reloading.

const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;
const most = 1 << 20; // characters of output that are shown

function localTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    const today = new Date().toDateString() === moment.toDateString();
    const options = today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
    time.title = time.textContent;
    time.textContent = moment.toLocaleString(undefined, options);
  }
}

function filter(input) {
  const items = document.querySelectorAll(`#${input.dataset.filter} > li`);
  input.hidden = false;
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  });
}


function shownSeconds(seconds) {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

class LiveRun {
  constructor(article) {
    this.url = `/runs/${encodeURIComponent(article.dataset.run)}`;
    this.started = Date.parse(article.dataset.started);
    this.waiting = { stdout: [], stderr: [] };
    for (const pre of article.querySelectorAll(".stream pre")) pre.textContent = "";
    this.clock = setInterval(() => {
      const seconds = Math.max(0, (Date.now() - this.started) / 1000);
      document.getElementById("took").textContent = `${Math.floor(seconds)} s`;
    }, 1000);
    this.events = new EventSource(`${this.url}/events`);
    for (const name of ["stdout", "stderr"]) {
      this.events.addEventListener(name, (event) => this.take(name, JSON.parse(event.data)));
    }
    this.events.addEventListener("end", (event) => this.end(JSON.parse(event.data)));
    document.getElementById("cancel").addEventListener("submit", (event) => {
      event.preventDefault();
      event.target.querySelector("button").disabled = true;
      fetch(this.url, { method: "DELETE" });
    });
  }

  take(name, text) {
    if (!this.waiting.stdout.length && !this.waiting.stderr.length) {
      requestAnimationFrame(() => this.show());
    }
    this.waiting[name].push(text);
  }

  show() {
    for (const [name, texts] of Object.entries(this.waiting)) {
      if (!texts.length) continue;
      const section = document.getElementById(name);
      const pre = section.querySelector("pre");
      section.hidden = false;
      const below = pre.scrollHeight - pre.scrollTop - pre.clientHeight;
      pre.append(texts.splice(0).join("").replace(escapes, ""));
      while (pre.textContent.length > most && pre.childNodes.length > 1) {
        pre.firstChild.remove();
        section.querySelector(".cut").hidden = false;
      }
      if (below < 40) pre.scrollTop = pre.scrollHeight;
    }
  }

  async end(report) {
    this.events.close();
    clearInterval(this.clock);
    this.show();
    document.getElementById("cancel").hidden = true;
    if (report.seconds !== null) {
      document.getElementById("took").textContent = shownSeconds(report.seconds);
    }
    const answer = await fetch(this.url, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["state", "files", "silent"]) {
      document.getElementById(id).replaceWith(fresh.getElementById(id));
    }
    for (const name of ["stdout", "stderr"]) {
      document.getElementById(name).hidden = fresh.getElementById(name).hidden;
    }
    document.getElementById("run").dataset.state = report.state;
  }
}

localTimes(document);
for (const input of document.querySelectorAll("[data-filter]")) filter(input);
for (const form of document.querySelectorAll("form[data-run]")) {
  form.addEventListener("submit", () => {
    form.querySelector("[type=submit]").disabled = true;
  });
}
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[type=submit]")) button.disabled = false;
});
const article = document.getElementById("run");
if (article && ["queued", "running"].includes(article.dataset.state)) new LiveRun(article);
