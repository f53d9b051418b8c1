// The keyboard on the desk. data-key="c" on a link, button or field gives it a key, "g i" two in a row;
// rows are [data-row], [data-select] is the checkbox of one.
import { open } from "./dialog.js";

const PAUSE = 900;
let first = "";
let timer;

const typing = (target) =>
  target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role='textbox']");

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

// a row is marked by the checkbox in it
const select = () => current()?.querySelector("[data-select]")?.click();

const press = (element) => {
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
    element.focus();
    if (element.matches("select")) element.showPicker?.();
    else element.select?.();
  } else element.click();
};

const shortcuts = () => {
  const dialog = document.getElementById("shortcuts");
  const list = dialog?.querySelector("[data-shortcuts]");
  if (!list) return;
  list.querySelectorAll("[data-found]").forEach((entry) => entry.remove());
  const keysOf = (value) => [...value.querySelectorAll("kbd")].map((key) => key.textContent).join(" ");
  const listed = new Set([...list.querySelectorAll("dd")].map(keysOf));
  const named = new Map();
  for (const element of document.querySelectorAll("[data-key]")) {
    const name = element.dataset.keyName ?? element.ariaLabel ?? element.textContent.trim();
    if (name && !listed.has(element.dataset.key) && !["j", "k"].includes(element.dataset.key)) named.set(element.dataset.key, name);
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
    x: select,
    o: () => current()?.querySelector("a")?.click(),
    "?": shortcuts,
  }[event.key];
  if (!element && !own) return;
  event.preventDefault();
  if (element) press(element);
  else own();
});
