// SPDX-License-Identifier: GPL-2.0-or-later
// What makes the desk better where there is script. Everything works without it: this file only
// fetches again what the server renders anyway, moves through rows, and fills in fields.

const page = document;
const find = (what, where = page) => where.querySelector(what);
const all = (what, where = page) => [...where.querySelectorAll(what)];
const typing = (element) => element?.matches?.("input:not([type=checkbox], [type=radio]), select, textarea");

// ------------------------------------------------------------------ live parts
// <div data-live="URL of the same part" data-live-key="name">: fetched again when something
// happens, and put in place row by row, so that focus, checks and scrolling stay.

const PATIENCE = 400; // ms: what comes together is fetched once
const LEAST = 1000; // ms: a flood of events is fetched once a second
const ANYWAY = 20000; // ms: times pass
const SOON = 1500; // ms: a proof is no event of its own, so what is under way is looked at again
let due = 0;
let seen = 0;
let fetching = false;

function later() {
  if (!due) due = setTimeout(refresh, Math.max(PATIENCE, LEAST - (Date.now() - seen)));
}

async function refresh() {
  due = 0;
  if (fetching || page.hidden) return;
  fetching = true;
  seen = Date.now();
  try {
    await Promise.all(all("[data-live]").map(renew));
    if (stated() !== state) { state = stated(); all("[data-after]").forEach(after); }
  } finally {
    fetching = false;
  }
}

// What comes after the page is asked for anew when a state in a live part is another one.
let state = stated();
function stated() {
  return all("[data-state]").map((one) => one.dataset.state).join(" ");
}

async function renew(part) {
  let answer;
  try {
    answer = await fetch(part.dataset.live, { headers: { accept: "text/html" } });
  } catch {
    return light(false);
  }
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const fresh = page.createElement("template");
  fresh.innerHTML = await answer.text();
  settle(part, fresh.content);
}

function settle(part, fresh) {
  const olds = all("[data-key]", part);
  const news = all("[data-key]", fresh);
  const keys = (some) => some.map((row) => row.dataset.key).join(" ");
  if (olds.length && keys(olds) === keys(news)) {
    olds.forEach((row, place) => swap(row, news[place]));
    return;
  }
  if (same(part, fresh)) return;
  const known = new Set(olds.map((row) => row.dataset.key));
  const checked = new Set(all("input:checked", part).map((box) => box.value));
  const focus = part.contains(page.activeElement) ? mark(page.activeElement) : null;
  if (focus && typing(page.activeElement)) return; // never under somebody's fingers
  const open = new Set(all("details[open]", part).map((one) => one.id));
  part.replaceChildren(fresh);
  for (const box of all("input[type=checkbox]", part)) if (checked.has(box.value)) box.checked = true;
  for (const one of all("details[id]", part)) if (open.has(one.id)) one.open = true;
  if (olds.length) for (const row of all("[data-key]", part)) if (!known.has(row.dataset.key)) row.classList.add("fresh");
  if (focus) find(focus, part)?.focus({ preventScroll: true });
  point(current);
}

function swap(old, fresh) {
  if (plain(old) === plain(fresh)) return;
  const box = find("input[type=checkbox]", old);
  const focus = old.contains(page.activeElement) ? mark(page.activeElement) : null;
  const row = page.importNode(fresh, true);
  if (box?.checked) find("input[type=checkbox]", row).checked = true;
  if (old.classList.contains("current")) row.classList.add("current");
  row.classList.add("fresh");
  old.replaceWith(row);
  if (focus) find(focus, row)?.focus({ preventScroll: true });
}

function plain(row) {
  const copy = row.cloneNode(true);
  copy.classList.remove("fresh", "current");
  if (!copy.getAttribute("class")) copy.removeAttribute("class");
  return copy.outerHTML.replace(/\s+/g, " ");
}

function same(part, fresh) {
  const draft = page.createElement("div");
  draft.append(fresh.cloneNode(true));
  return part.innerHTML.replace(/\s+/g, " ").trim() === draft.innerHTML.replace(/\s+/g, " ").trim();
}

function mark(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.name && element.value) return `[name="${CSS.escape(element.name)}"][value="${CSS.escape(element.value)}"]`;
  return element.getAttribute("href") ? `[href="${CSS.escape(element.getAttribute("href"))}"]` : null;
}

function light(on) {
  for (const one of all("[data-live-light]")) {
    one.classList.toggle("on", on);
    one.textContent = on ? "live" : "not live";
  }
}

// The events are read as a stream instead of by EventSource, which would have to be told the name
// of every kind of event. What they say is not looked at: the server renders what is so now.
async function listen() {
  if (!find("[data-live]")) return;
  const every = Math.min(ANYWAY, ...all("[data-every]").map((part) => 1000 * part.dataset.every));
  setInterval(() => {
    const busy = find("[data-live] .chip.busy, [data-live] .answer.busy");
    if (Date.now() - seen >= (busy ? SOON : every)) later();
  }, SOON);
  page.addEventListener("visibilitychange", () => { if (!page.hidden) later(); });
  for (let last = ""; ; await new Promise((go) => setTimeout(go, 2000))) {
    await shown();
    // A browser opens six connections to a server at once: tabs that nobody sees keep none.
    const stop = new AbortController();
    const leave = () => { if (page.hidden) stop.abort(); };
    page.addEventListener("visibilitychange", leave);
    try {
      const headers = { accept: "text/event-stream", ...(last && { "last-event-id": last }) };
      const answer = await fetch("/api/v1/events", { headers, signal: stop.signal });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      light(true);
      const stream = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await stream.read(); !part.done; part = await stream.read()) {
        for (const [, id] of part.value.matchAll(/^id: ?(\d+)/gm)) { last = id; later(); }
      }
    } catch { /* the server is away, or nobody looks: it is asked again */ }
    page.removeEventListener("visibilitychange", leave);
    light(false);
  }
}

function shown() {
  return new Promise((go) => {
    if (!page.hidden) go();
    else page.addEventListener("visibilitychange", go, { once: true });
  });
}

// ---------------------------------------------------------------------- keys

let current = -1;
const rows = () => all("[data-rows] tbody tr").filter((row) => find("a[data-open]", row));

function point(place) {
  const some = rows();
  for (const row of some) row.classList.remove("current");
  if (place < 0 || !some.length) return;
  current = Math.min(place, some.length - 1);
  some[current].classList.add("current");
}

function move(step) {
  const some = rows();
  if (!some.length) return;
  point(Math.max(0, Math.min(current + step, some.length - 1)));
  const link = find("a[data-open]", some[current]);
  link.focus({ preventScroll: true });
  some[current].scrollIntoView({ block: "nearest" });
}

const keys = {
  "/": () => { find("#q")?.focus(); find("#q")?.select(); },
  n: () => { if (find('a[href="/orders/new"]')) location.assign("/orders/new"); },
  j: () => move(1),
  k: () => move(-1),
  x: () => find("input[type=checkbox]", rows()[current] ?? page.createElement("i"))?.click(),
  "?": () => find("#keys")?.showModal(),
};

page.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (typing(page.activeElement)) page.activeElement.blur();
    for (const one of all("details.who[open]")) one.open = false;
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || find("dialog[open]")) return;
  const act = keys[event.key];
  if (act) { event.preventDefault(); act(); }
});

// --------------------------------------------------------------------- parts

function toast(text) {
  const note = page.createElement("div");
  note.className = "toast";
  note.setAttribute("role", "status");
  note.textContent = text;
  page.body.append(note);
  setTimeout(() => note.remove(), 2500);
}

page.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = copy.dataset.copy.startsWith("/") ? location.origin + copy.dataset.copy : copy.dataset.copy;
    try { await navigator.clipboard.writeText(text); toast("Copied"); } catch { toast(text); }
  }
  const fill = event.target.closest("[data-fill]");
  if (fill) {
    const field = page.getElementById(fill.dataset.into);
    field.value = fill.dataset.fill;
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  for (const open of all("details.who[open]")) if (!open.contains(event.target)) open.open = false;
});

page.addEventListener("change", (event) => {
  if (!event.target.matches("[data-check-all]")) return;
  const table = event.target.closest("table");
  for (const box of all("tbody input[type=checkbox]:not(:disabled)", table)) box.checked = event.target.checked;
});

// What the server makes of a target while it is typed.
const waits = new WeakMap();
page.addEventListener("input", (event) => {
  const field = event.target;
  if (field.matches("[data-normalise]")) soon(field, () => fetchInto(find(`[data-normalised="${field.id}"]`), "/desk/normalise", { text: field.value, into: field.id }));
  if (field.dataset.selects) page.getElementById(field.dataset.selects).checked = true;
  const list = field.list;
  if (list?.dataset.complete) soon(field, () => fetchInto(list, "/desk/complete", { what: list.dataset.complete, text: field.value }));
});

function soon(field, act) {
  clearTimeout(waits.get(field));
  waits.set(field, setTimeout(act, 180));
}

async function fetchInto(place, path, query) {
  if (!place) return;
  const answer = await fetch(`${path}?${new URLSearchParams({ ...query, fragment: 1 })}`);
  if (answer.ok) place.innerHTML = await answer.text();
}

// A part that takes long to make comes after the page; with data-again it is asked for anew.
function after(part) {
  if (page.hidden) return;
  fetch(part.dataset.after).then(async (answer) => { if (answer.ok) part.innerHTML = await answer.text(); }, () => {});
}
for (const part of all("[data-after]")) {
  after(part);
  if ("again" in part.dataset) setInterval(after, ANYWAY, part);
}

// What is folded is fetched when somebody unfolds it.
page.addEventListener("toggle", async (event) => {
  const one = event.target;
  if (!one.open || !one.dataset?.lazy) return;
  const answer = await fetch(one.dataset.lazy, { headers: { accept: "text/html" } });
  if (answer.ok) find("div", one).innerHTML = await answer.text();
}, true);

// A second click on a button that sends something sends nothing.
page.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});
addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) delete form.dataset.sent; });

for (const one of all("[data-needs-script]")) one.hidden = false;
listen();
