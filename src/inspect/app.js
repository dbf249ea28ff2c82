// What a page of the inspector does by itself: shows what is new, opens deliveries beside the list, and
// takes keys. Without it every link and form works as it stands.

const at = (selector, within = document) => within.querySelector(selector);
const rows = () => at("#rows");
const filter = at("#filter");
// The filter that the list was made with; the field may hold one that is still being typed.
const inForce = filter.defaultValue;
const live = at("#live");
let waiting = [];
let marked = null;

// An answer of the inspector; nothing where it does not run any more.
async function ask(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    tell("The inspector does not answer. Is it still running?");
  }
}

function tell(text) {
  at("#said").textContent = text;
  at("#said").hidden = !text;
}

// -- rows

const fragment = (html) => {
  const holder = document.createElement("template");
  holder.innerHTML = `<table><tbody>${html}</tbody></table>`;
  return [...holder.content.querySelectorAll("tr")];
};
const row = (id) => at(`tr[data-id="${CSS.escape(id)}"]`);
const selected = () => at("#rows tr[aria-current=true]");

function select(next) {
  selected()?.removeAttribute("aria-current");
  next?.setAttribute("aria-current", "true");
  next?.scrollIntoView({ block: "nearest" });
}

function add(fresh) {
  if (at("#list").scrollTop > 40) {
    waiting = fresh.concat(waiting);
    const button = at("#new");
    button.textContent = `${waiting.length} new`;
    button.hidden = false;
    return;
  }
  at("#empty")?.remove();
  const known = fresh.filter((one) => !row(one.dataset.id));
  for (const one of known) one.classList.add("fresh");
  rows().prepend(...known);
  trim();
}

// A page that stays open all day keeps what a person scrolls through; the link goes on behind it.
function trim() {
  const all = rows().children;
  if (all.length <= 1000) return;
  while (all.length > 1000) rows().lastElementChild.remove();
  const older = at(".older");
  const url = new URL(older.href);
  url.searchParams.set("before", rows().lastElementChild.dataset.place);
  older.href = url;
  older.hidden = false;
}

function showWaiting() {
  const fresh = waiting;
  waiting = [];
  at("#new").hidden = true;
  at("#list").scrollTop = 0;
  add(fresh);
}

// -- live

function say(state) {
  live.textContent = state;
  live.dataset.state = state;
}

function follow(delay = 250) {
  const table = at("#deliveries");
  const isWrong = filter.getAttribute("aria-invalid") === "true";
  if (isWrong || table.dataset.first === "false") return say("paused");
  const query = new URLSearchParams({
    filter: inForce,
    after: table.dataset.after,
    attempts: table.dataset.attempts,
  });
  const socket = new WebSocket(`ws://${location.host}/live?${query}`);
  let isOpen = false;
  socket.onopen = () => {
    isOpen = true;
    if (live.dataset.state === "ended") renew();
    say("live");
  };
  socket.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    table.dataset.after = news.after;
    table.dataset.attempts = news.attempts;
    if (news.is_cut) return reload(socket);
    for (const [id, html] of Object.entries(news.changed)) {
      const old = row(id);
      const [now] = fragment(html);
      if (!old || !now) continue;
      if (old === selected()) now.setAttribute("aria-current", "true");
      if (old.classList.contains("marked")) now.classList.add("marked");
      old.replaceWith(now);
    }
    if (news.count > 0) add(fragment(news.rows));
    const open = at("#detail article.delivery");
    if (open && news.changed[open.dataset.id]) refresh(open.dataset.id);
  };
  socket.onclose = async () => {
    if (at("#deliveries") !== table) return;
    say("ended");
    // One that was started anew lets in only who opens the URL that it printed.
    const answer = isOpen ? null : await ask("/complete?filter=");
    if (answer?.status === 401) tell("The inspector was started anew: open the URL that it printed.");
    const next = isOpen ? 250 : Math.min(delay * 2, 5000);
    setTimeout(() => follow(next), next);
  };
}

async function reload(socket) {
  const query = new URLSearchParams({ filter: inForce, part: "list" });
  const answer = await ask(`/?${query}`);
  if (!answer?.ok) return;
  const id = selected()?.dataset.id;
  waiting = [];
  at("#list").innerHTML = await answer.text();
  if (id) select(row(id));
  socket.close();
  follow();
}

// Forms carry what their inspector gave them; one that was started anew gives another.
async function renew() {
  tell("");
  if (!at("#detail form")) return;
  const answer = await ask(withPart(location.href));
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const proof = at("input[name=proof]", page)?.value;
  const field = at("#detail input[name=proof]");
  if (proof && field) field.value = proof;
}

// -- the delivery that is open

let opened = 0;
async function open(url, remember = "pushState") {
  const number = ++opened;
  const answer = await ask(withPart(url));
  // Whoever went on meanwhile sees what was chosen last.
  if (!answer || number !== opened) return;
  if (!answer.ok) return location.assign(url);
  const text = await answer.text();
  if (number !== opened) return;
  show(text);
  at("#detail").scrollTop = 0;
  at("main").dataset.open = "true";
  tell("");
  const id = at("#detail [data-id]")?.dataset.id;
  if (id) {
    select(row(id));
    document.title = id;
  }
  if (remember) history[remember]({}, "", url);
}

function show(html) {
  const detail = at("#detail");
  const hadFocus = detail.contains(document.activeElement);
  detail.innerHTML = html;
  if (hadFocus) detail.focus();
  showButtons();
}

// Those that do nothing without this script.
function showButtons() {
  const indent = at("#detail [data-indent]");
  if (indent) indent.hidden = false;
}

const withPart = (url) => {
  const whole = new URL(url, location.href);
  whole.searchParams.set("part", "detail");
  return whole;
};

async function refresh(id) {
  const place = `/d/${encodeURIComponent(id)}`;
  const answer = await ask(withPart(location.pathname === place ? location.href : place));
  if (!answer?.ok || !at(`#detail article[data-id="${CSS.escape(id)}"]`)) return;
  const [url, sign] = ["url", "sign"].map((name) => at(`#replay [name=${name}]`).value);
  const top = at("#detail").scrollTop;
  show(await answer.text());
  at("#replay [name=url]").value = url;
  at("#replay [name=sign]").value = sign;
  at("#detail").scrollTop = top;
}

function close() {
  if (at("main").dataset.open !== "true") return;
  opened++;
  at("main").dataset.open = "false";
  at("#detail").replaceChildren();
  document.title = "webhook";
  history.pushState({}, "", `/${inForce ? `?${new URLSearchParams({ filter: inForce })}` : ""}`);
  if (selected()) at("a", selected()).focus();
}

addEventListener("popstate", () => {
  if (location.pathname !== "/") open(location.href, null);
  else location.reload();
});

addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (event.target.closest("#new")) return showWaiting();
  if (event.target.closest("#help")) return at("#keys").showModal();
  if (event.target.closest("[data-indent]")) return indent();
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const inRow = event.target.closest("#rows tr");
  // Only a page that comes from this machine itself may write what is pasted.
  if (link?.dataset.copy !== undefined && navigator.clipboard) {
    event.preventDefault();
    copy(link);
  } else if (link?.matches(".close")) {
    event.preventDefault();
    close();
  } else if (inRow || link?.dataset.part !== undefined) {
    event.preventDefault();
    open((link ?? at("a", inRow)).href);
  }
});

async function copy(link) {
  const answer = await ask(link.href);
  if (!answer) return;
  if (!answer.ok) return location.assign(link.href);
  await navigator.clipboard.writeText(await answer.text());
  tell(`Copied as ${link.textContent}.`);
}

addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = at("button[type=submit]", form);
  if (button.disabled) return;
  button.disabled = true;
  const fields = new FormData(form);
  // A text field knows one kind of line end; a body that nobody changed goes as it came.
  if (form.elements.body?.value === form.elements.body?.defaultValue) fields.delete("body");
  const answer = await ask(form.action, { method: "post", body: new URLSearchParams(fields) });
  button.disabled = false;
  if (answer?.ok) return open(answer.url, answer.url === location.href ? "replaceState" : "pushState");
  if (!answer) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const wrong =
    at(".wrong", form) ?? form.appendChild(Object.assign(document.createElement("p"), { className: "wrong", role: "alert" }));
  wrong.textContent = [...page.querySelectorAll("h1, .hint")].map((one) => one.textContent).join(": ") || `${answer.status}`;
  wrong.hidden = false;
});

// -- what is typed

// A body that is no JSON any more is told while it is typed.
addEventListener("input", (event) => {
  if (event.target.dataset.json !== undefined) {
    const wrong = at("#json-error");
    try {
      JSON.parse(event.target.value);
      wrong.hidden = true;
    } catch (error) {
      wrong.textContent = `This is no JSON: ${error.message}`;
      wrong.hidden = false;
    }
  } else if (event.target === filter) {
    complete();
  }
});

// Writes a body that stands in one line as people read it. Only white space changes, so that no number
// loses a digit.
function indent() {
  const field = at("#edit [name=body]");
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const parts = /"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|\s+/g;
  field.value = field.value.replace(parts, (part) => {
    if (part === "{" || part === "[") depth++;
    if (part === "}" || part === "]") depth--;
    if (part === "}" || part === "]") return line() + part;
    if (part === "{" || part === "[" || part === ",") return part + line();
    if (part === ":") return ": ";
    return part[0] === '"' ? part : part.replace(/\s+/g, "");
  });
}

let asked = 0;
async function complete() {
  const number = ++asked;
  const answer = await ask(`/complete?${new URLSearchParams({ filter: filter.value })}`);
  if (!answer?.ok || number !== asked) return;
  const terms = await answer.json();
  if (number !== asked) return;
  const before = filter.value.slice(0, filter.value.search(/\S*$/));
  const options = terms.map((term) => Object.assign(document.createElement("option"), { value: before + term }));
  at("#terms").replaceChildren(...options);
}

// -- keys

function step(by) {
  const all = [...rows().children];
  const now = all.indexOf(selected());
  const next = all[Math.max(0, Math.min(all.length - 1, now + by))];
  if (!next) return;
  select(next);
  // Back leads out of the deliveries that were passed, not through them.
  open(at("a", next).href, at("main").dataset.open === "true" ? "replaceState" : "pushState");
}

function compare() {
  const id = selected()?.dataset.id;
  if (!id) return;
  if (!marked || marked === id) {
    marked = id;
    for (const one of document.querySelectorAll("tr.marked")) one.classList.remove("marked");
    selected().classList.add("marked");
    return tell("Marked. Go to another delivery and press c to compare the two.");
  }
  const query = new URLSearchParams({ left: marked, right: id });
  marked = null;
  for (const one of document.querySelectorAll("tr.marked")) one.classList.remove("marked");
  open(`/compare?${query}`);
}

addEventListener("keydown", (event) => {
  // The dialog has its own Escape; one that was just closed may hold the focus for a moment.
  if (event.target.closest("dialog[open]")) return;
  if (event.key === "Escape") {
    if (event.target.matches("input, textarea, select")) return event.target.blur();
    return close();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select")) return;
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    Enter: () => selected() && at("a", selected()).click(),
    "/": () => filter.focus(),
    r: () => at("#replay")?.requestSubmit(),
    e: () => at("#replay a.button")?.click(),
    c: compare,
    "?": () => at("#keys").showModal(),
  };
  // On a link or a button, Enter is its own.
  if (!keys[event.key] || (event.key === "Enter" && event.target !== document.body)) return;
  event.preventDefault();
  keys[event.key]();
});

showButtons();
select(row(at("#detail [data-id]")?.dataset.id ?? ""));
follow();
