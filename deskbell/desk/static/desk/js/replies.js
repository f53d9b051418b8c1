// Saved replies in the composer: a menu with a search, opened by its button or by "/" at the beginning of a line.
// The focus stays in the search; the arrow keys move through what was found, Enter inserts it at the caret.
import { replace } from "../../kit/js/composer.js";
import { place } from "../../kit/js/menu.js";
import { csrfToken, word } from "../../kit/js/page.js";
import { toast } from "../../kit/js/toast.js";

const PAUSE = 120;

const menu = () => document.getElementById("replies");
const search = () => menu()?.querySelector("[data-replies-search]");
const textOf = () => document.querySelector("#composer [data-composer-text]");
const options = () => [...menu().querySelectorAll("[data-reply]")];

// where "/" stands that opened the menu; null when its button did
let slash = null;
let timer;
let asked = 0;
// the words that the options shown answer
let shownFor = null;

const mark = (option) => {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) search().setAttribute("aria-activedescendant", option.id);
  else search().removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
};

const find = async () => {
  const number = ++asked;
  const words = search().value;
  const address = `${menu().dataset.replies}?${new URLSearchParams({ q: words })}`;
  const found = menu().querySelector("[data-replies-found]");
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, redirect: "error" });
    if (number !== asked) return;
    if (!answer.ok) throw new Error(String(answer.status));
    found.innerHTML = await answer.text();
  } catch {
    if (number === asked) toast(word("noAnswer"), "error");
    return;
  }
  if (number !== asked) return;
  shownFor = words;
  if (slash !== null && search().value && !options().length) return giveBack();
  mark(options()[0]);
  settle();
};

const settle = () => place(menu(), slash === null ? document.querySelector("[data-replies-open]") : textOf());

const open = (at = null) => {
  if (!menu() || !textOf()) return;
  slash = at;
  shownFor = null;
  search().value = "";
  menu().showPopover();
  settle();
  search().focus();
  find();
};

const close = () => {
  asked += 1;
  shownFor = null;
  clearTimeout(timer);
  slash = null;
  if (menu()?.matches(":popover-open")) menu().hidePopover();
};

// "/etc/hosts" was meant as such: what was typed into the search goes where it was typed
const giveBack = () => {
  const [at, typed, text] = [slash, search().value, textOf()];
  close();
  if (at === null) text.focus();
  else replace(text, at + 1, at + 1, typed);
};

const sendWith = (then) => {
  const item = document.querySelector(`#then-menu [name="then"][value="${CSS.escape(then)}"]`);
  const button = document.querySelector('.writing-form [data-send][name="then"]:not([value=""])');
  if (!then || !item || !button) return;
  button.value = then;
  button.lastChild.textContent = item.textContent.trim();
};

const insert = async (option) => {
  const text = textOf();
  const [start, end] = slash === null ? [text.selectionStart, text.selectionEnd] : [slash, slash + 1];
  const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
  try {
    const answer = await fetch(option.dataset.reply, { method: "POST", headers, redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const reply = await answer.json();
    close();
    replace(text, start, end, reply.text);
    sendWith(reply.then);
  } catch {
    toast(word("noAnswer"), "error");
  }
};

// Enter may come before the answer to the last letters: what they find is meant, not what is still shown
const choose = async () => {
  if (shownFor !== search().value) {
    clearTimeout(timer);
    await find();
  }
  const chosen = options().find((option) => option.ariaSelected === "true");
  if (chosen && shownFor === search().value) insert(chosen);
};

document.addEventListener("click", (event) => {
  const option = event.target.closest("[data-reply]");
  if (option) insert(option);
  else if (event.target.closest("[data-replies-open]")) open();
});

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.matches("[data-replies-search]")) {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE);
  } else if (field === textOf() && event.inputType === "insertText" && event.data === "/") {
    const at = field.selectionStart - 1;
    if (at === 0 || field.value[at - 1] === "\n") open(at);
  }
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-replies-search]") || event.isComposing) return;
  const all = options();
  const at = all.findIndex((option) => option.ariaSelected === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (all.length) mark(all[(at + step + all.length) % all.length]);
  } else if (event.key === "Enter") {
    choose();
  } else if (event.key === "Escape" || (event.key === "Backspace" && slash !== null && !event.target.value)) {
    if (event.key === "Backspace") {
      const where = slash;
      close();
      replace(textOf(), where, where + 1, "");
    } else giveBack();
  } else return;
  event.preventDefault();
});

// closed by a click beside it: as by Escape
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.id === "replies" && event.newState === "closed" && slash !== null) giveBack();
  },
  true,
);
