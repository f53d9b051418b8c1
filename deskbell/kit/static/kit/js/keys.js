// The keyboard on the desk. data-key="c" on a link, button or field gives it a key; rows are [data-row].
import { open } from "./dialog.js";

const PAUSE = 900;
let first = "";
let timer;

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable], [role='textbox']");

const current = () => document.querySelector("[data-row].is-current");

const move = (step) => {
  const rows = [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
  if (!rows.length) return;
  const at = rows.indexOf(current());
  const next = rows[at === -1 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
  current()?.classList.remove("is-current");
  next.classList.add("is-current");
  next.scrollIntoView({ block: "nearest" });
  (next.querySelector("a") ?? next).focus({ preventScroll: true });
};

const press = (element) => {
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
    element.focus();
    element.select?.();
  } else element.click();
};

const shortcuts = () => {
  const dialog = document.getElementById("shortcuts");
  const list = dialog?.querySelector("[data-shortcuts]");
  if (!list) return;
  list.querySelectorAll("[data-found]").forEach((entry) => entry.remove());
  const named = new Map();
  for (const element of document.querySelectorAll("[data-key]")) {
    const name = element.dataset.keyName ?? element.ariaLabel ?? element.textContent.trim();
    if (name && element.dataset.key !== "/") named.set(element.dataset.key, name);
  }
  for (const [key, name] of named) {
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    term.textContent = name;
    for (const part of key.split(" ")) value.append(Object.assign(document.createElement("kbd"), { textContent: part }), " ");
    for (const element of [term, value]) element.dataset.found = "";
    list.append(term, value);
  }
  open(dialog);
};

const find = (key) => [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find((e) => e.offsetParent);

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target) || document.querySelector("dialog[open], [popover]:popover-open[data-menu]")) return;
  const element = (first && find(`${first} ${event.key}`)) || find(event.key);
  clearTimeout(timer);
  first = event.key;
  timer = setTimeout(() => (first = ""), PAUSE);
  const own = {
    j: () => move(1),
    k: () => move(-1),
    o: () => current()?.querySelector("a")?.click(),
    "?": shortcuts,
  }[event.key];
  if (!element && !own) return;
  event.preventDefault();
  if (element) press(element);
  else own();
});
