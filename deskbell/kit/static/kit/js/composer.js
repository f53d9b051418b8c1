// The Markdown toolbar, Ctrl+Enter, and a text field that grows.
import { whenPresent, word } from "./page.js";

const WRAPS = { bold: "**", italic: "*", code: "`" };
const PREFIXES = { list: "- ", quote: "> " };

// insertText keeps the browser's own undo; setRangeText is for browsers without it
export const replace = (text, start, end, value) => {
  text.focus();
  text.setSelectionRange(start, end);
  if (!document.execCommand("insertText", false, value)) {
    text.setRangeText(value, start, end, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
};

const wrap = (text, mark) => {
  const { selectionStart: start, selectionEnd: end, value } = text;
  const chosen = value.slice(start, end);
  const marked = value.slice(start - mark.length, start) === mark && value.slice(end, end + mark.length) === mark;
  if (marked) {
    replace(text, start - mark.length, end + mark.length, chosen);
    text.setSelectionRange(start - mark.length, end - mark.length);
  } else {
    replace(text, start, end, mark + chosen + mark);
    text.setSelectionRange(start + mark.length, end + mark.length);
  }
};

const prefixLines = (text, prefix) => {
  const { value } = text;
  const start = value.lastIndexOf("\n", text.selectionStart - 1) + 1;
  const next = value.indexOf("\n", text.selectionEnd);
  const end = next === -1 ? value.length : next;
  const lines = value.slice(start, end).split("\n");
  const all = lines.every((line) => line.startsWith(prefix));
  const changed = lines.map((line) => (all ? line.slice(prefix.length) : prefix + line)).join("\n");
  replace(text, start, end, changed);
};

const block = (text) => {
  const { selectionStart: start, selectionEnd: end, value } = text;
  const before = start && value[start - 1] !== "\n" ? "\n" : "";
  const after = end < value.length && value[end] !== "\n" ? "\n" : "";
  replace(text, start, end, `${before}\`\`\`\n${value.slice(start, end)}\n\`\`\`${after}`);
  const inside = start + before.length + 4;
  text.setSelectionRange(inside, inside + (end - start));
};

const link = (text) => {
  const { selectionStart: start, selectionEnd: end, value } = text;
  const chosen = value.slice(start, end);
  const isAddress = /^https?:\/\//.test(chosen);
  const label = isAddress ? word("link") : chosen || word("link");
  const address = isAddress ? chosen : "https://";
  replace(text, start, end, `[${label}](${address})`);
  const at = start + label.length + 3;
  if (isAddress) text.setSelectionRange(start + 1, start + 1 + label.length);
  else text.setSelectionRange(at, at + address.length);
};

const apply = (text, mark) => {
  if (WRAPS[mark]) wrap(text, WRAPS[mark]);
  else if (PREFIXES[mark]) prefixLines(text, PREFIXES[mark]);
  else if (mark === "block") block(text);
  else if (mark === "link") link(text);
};

// where the style sheet's field-sizing does it, nothing is left to do
const grows = !CSS.supports("field-sizing", "content");

const bindToolbar = (bar, text) => {
  const tools = [...bar.querySelectorAll("[data-mark]")];
  bar.hidden = false;
  bar.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-mark]");
    if (tool) apply(text, tool.dataset.mark);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tools[(tools.indexOf(document.activeElement) + step + tools.length) % tools.length];
    for (const tool of tools) tool.tabIndex = tool === next ? 0 : -1;
    next.focus();
  });
};

whenPresent("[data-composer]", (composer) => {
  const text = composer.querySelector("[data-composer-text]");
  const bar = composer.querySelector("[data-composer-bar]");
  if (bar) bindToolbar(bar, text);
  text.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const mark = { b: "bold", i: "italic", k: "link" }[event.key];
    // a click and no requestSubmit: htmx sends a button's name and value only when it was clicked
    const send = text.form.querySelector("[data-send]");
    if (event.key === "Enter") send ? send.click() : text.form.requestSubmit();
    else if (mark) apply(text, mark);
    else return;
    event.preventDefault();
  });
  if (grows) {
    const fit = () => {
      text.style.height = "auto";
      text.style.height = `${text.scrollHeight + 2}px`;
    };
    text.addEventListener("input", fit);
    fit();
  }
});

// a variable beside the text of a form
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  const text = button && document.getElementById(button.dataset.insertInto);
  if (text) replace(text, text.selectionStart, text.selectionEnd, button.dataset.insert);
});
