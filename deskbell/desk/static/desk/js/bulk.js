// Rows that are selected: how many, ranges by Shift and a click, all shown, none; and the bar for what to do with
// them. list.js keeps the selection over a list that was fetched anew.
import { whenPresent } from "../../kit/js/page.js";

const boxes = () => [...document.querySelectorAll("[data-select]")];
const chosen = () => boxes().filter((box) => box.checked);

let last = null;

const show = () => {
  const number = chosen().length;
  const count = document.querySelector("[data-bulk-count]");
  if (count) count.textContent = count.dataset.bulkCount.replace("{count}", number);
  for (const all of document.querySelectorAll("[data-select-all]")) {
    all.checked = number > 0 && number === boxes().length;
    all.indeterminate = number > 0 && !all.checked;
  }
};

const selectAll = (checked) => {
  for (const box of boxes()) box.checked = checked;
  last = null;
  show();
};

const range = (from, to) => {
  const all = boxes();
  const [start, end] = [all.indexOf(from), all.indexOf(to)].sort((one, other) => one - other);
  for (const box of all.slice(start, end + 1)) box.checked = to.checked;
};

document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.matches?.("[data-select]")) {
    if (event.shiftKey && last?.isConnected) range(last, box);
    last = box;
    show();
  } else if (box.matches?.("[data-select-all]")) selectAll(box.checked);
  else if (box.closest?.("[data-select-every]")) selectAll(true);
  else if (box.closest?.("[data-select-none]")) selectAll(false);
  else box.closest?.("[data-bulk-close]")?.closest(".bulk-result")?.remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !chosen().length) return;
  if (!document.querySelector("dialog[open], [popover]:popover-open, details[data-filter-panel][open]")) selectAll(false);
});

document.addEventListener("deskbell:selected", show);
addEventListener("pageshow", show);

// accepted: what was selected is on its way; refused: it stays selected
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches?.("[data-bulk]")) return;
  for (const menu of event.target.querySelectorAll("[popover]:popover-open")) menu.hidePopover();
  if (!event.detail.successful) return;
  const tag = event.target.elements.namedItem("tag");
  if (tag) tag.value = "";
  selectAll(false);
});

whenPresent("[data-bulk]", show);
