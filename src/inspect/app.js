// What a page of the inspector does by itself: shows what is new, opens deliveries beside the list, and
// takes keys. Without it every link and form works as it stands.

const at = (selector, within = document) => within.querySelector(selector);
const rows = () => at("#rows");
const filter = at("#filter");
const live = at("#live");
let waiting = [];
let marked = null;

// -- rows

const fragment = (html) => {
  const holder = document.createElement("template");
  holder.innerHTML = `<table><tbody>${html}</tbody></table>`;
  return [...holder.content.querySelectorAll("tr")];
};
const row = (id) => at(`tr[data-id="${CSS.escape(id)}"]`);
const selected = () => at("tr[aria-selected=true]");

function select(next) {
  selected()?.removeAttribute("aria-selected");
  next?.setAttribute("aria-selected", "true");
  next?.scrollIntoView({ block: "nearest" });
}

const isReading = () => at("#list").scrollTop > 40 || rows().dataset.first === "false";

function add(fresh) {
  if (isReading()) {
    waiting = fresh.concat(waiting);
    const button = at("#new");
    button.textContent = `${waiting.length} new`;
    button.hidden = false;
    return;
  }
  at("#empty")?.remove();
  const known = fresh.filter((one) => !row(one.dataset.id));
  rows().prepend(...known);
  // A page that stays open all day keeps what a person scrolls through.
  while (rows().children.length > 1000) rows().lastElementChild.remove();
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
  if (!table || table.dataset.first === "false") return say("paused");
  const query = new URLSearchParams({
    filter: filter.value,
    after: table.dataset.after,
    attempts: table.dataset.attempts,
  });
  const socket = new WebSocket(`ws://${location.host}/live?${query}`);
  let isOpen = false;
  socket.onopen = () => {
    isOpen = true;
    say("live");
  };
  socket.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    table.dataset.after = news.after;
    table.dataset.attempts = news.attempts;
    if (news.is_cut) return reload();
    for (const [id, html] of Object.entries(news.changed)) {
      const old = row(id);
      const [now] = fragment(html);
      if (!old || !now) continue;
      if (old.hasAttribute("aria-selected")) now.setAttribute("aria-selected", "true");
      old.replaceWith(now);
    }
    if (news.count > 0) add(fragment(news.rows));
    const open = at("#detail article.delivery");
    if (open && news.changed[open.dataset.id]) refresh(open.dataset.id);
  };
  socket.onclose = () => {
    if (at("#deliveries") !== table) return;
    say("ended");
    const next = isOpen ? 250 : Math.min(delay * 2, 5000);
    setTimeout(() => follow(next), next);
  };
}

async function reload() {
  const query = new URLSearchParams({ filter: filter.value, part: "list" });
  const answer = await fetch(`/?${query}`);
  if (!answer.ok) return;
  at("#list").innerHTML = await answer.text();
  follow();
}

// -- the delivery that is open

async function open(url, push = true) {
  const answer = await fetch(withPart(url));
  if (!answer.ok) return location.assign(url);
  at("#detail").innerHTML = await answer.text();
  at("main").dataset.open = "true";
  const id = at("#detail [data-id]")?.dataset.id;
  if (id) {
    select(row(id));
    document.title = id;
  }
  if (push) history.pushState({}, "", url);
}

const withPart = (url) => {
  const whole = new URL(url, location.href);
  whole.searchParams.set("part", "detail");
  return whole;
};

async function refresh(id) {
  const answer = await fetch(withPart(location.pathname.includes(id) ? location.href : `/d/${id}`));
  if (answer.ok && at(`#detail article[data-id="${CSS.escape(id)}"]`)) {
    const field = at("#detail input[name=url]")?.value;
    at("#detail").innerHTML = await answer.text();
    if (field) at("#detail input[name=url]").value = field;
  }
}

function close() {
  at("main").dataset.open = "false";
  at("#detail").replaceChildren();
  history.pushState({}, "", `/${filter.value ? `?${new URLSearchParams({ filter: filter.value })}` : ""}`);
}

addEventListener("popstate", () => {
  if (location.pathname.startsWith("/d/")) open(location.href, false);
  else location.reload();
});

addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  if (event.target.closest("#new")) return showWaiting();
  if (event.target.closest("#help")) return at("#keys").showModal();
  const inRow = event.target.closest("#rows tr");
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link?.dataset.copy !== undefined) {
    event.preventDefault();
    const answer = await fetch(link.href);
    if (!answer.ok) return location.assign(link.href);
    await navigator.clipboard.writeText(await answer.text());
    const name = link.textContent;
    link.textContent = "copied";
    setTimeout(() => (link.textContent = name), 1200);
  } else if (inRow || link?.dataset.part !== undefined) {
    event.preventDefault();
    open((link ?? at("a", inRow)).href);
  }
});

addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = at("button[type=submit]", form);
  button.disabled = true;
  const answer = await fetch(form.action, { method: "post", body: new URLSearchParams(new FormData(form)) });
  button.disabled = false;
  if (answer.ok) return open(answer.url);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const wrong = at("#json-error") ?? form.appendChild(Object.assign(document.createElement("p"), { className: "wrong" }));
  wrong.textContent = at("h1", page)?.textContent ?? `${answer.status}`;
  wrong.hidden = false;
});

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

let asked = 0;
async function complete() {
  const number = ++asked;
  const answer = await fetch(`/complete?${new URLSearchParams({ filter: filter.value })}`);
  if (!answer.ok || number !== asked) return;
  const before = filter.value.slice(0, filter.value.search(/\S*$/));
  const options = (await answer.json()).map((term) =>
    Object.assign(document.createElement("option"), { value: before + term }),
  );
  at("#terms").replaceChildren(...options);
}

// -- keys

function step(by) {
  const all = [...rows().children];
  const now = all.indexOf(selected());
  const next = all[Math.max(0, Math.min(all.length - 1, now + by))];
  if (!next) return;
  select(next);
  open(at("a", next).href);
}

function compare() {
  const id = selected()?.dataset.id;
  if (!id) return;
  if (!marked || marked === id) {
    marked = id;
    for (const one of document.querySelectorAll("tr.marked")) one.classList.remove("marked");
    return selected().classList.add("marked");
  }
  const query = new URLSearchParams({ left: marked, right: id });
  marked = null;
  open(`/compare?${query}`);
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (event.target.matches("input, textarea, select")) return event.target.blur();
    return close();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select, dialog *")) return;
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    Enter: () => event.target === document.body && at("a", selected())?.click(),
    "/": () => filter.focus(),
    r: () => at("#replay")?.requestSubmit(),
    e: () => at("#replay a.button")?.click(),
    c: compare,
    "?": () => at("#keys").showModal(),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

follow();
