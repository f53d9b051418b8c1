// A list that was fetched anew: the row one stands on stays, rows that are new or changed are marked for a moment.
const SHOWN_FOR = 2600;

let before = null;

const rowsOf = (list) => [...list.querySelectorAll("[data-row]")];

document.addEventListener("htmx:beforeSwap", (event) => {
  const list = event.detail.target;
  if (!list?.matches?.("[data-list]")) return;
  before = {
    stamps: new Map(rowsOf(list).map((row) => [row.dataset.row, row.dataset.stamp])),
    selected: new Set([...list.querySelectorAll("[data-select]:checked")].map((box) => box.value)),
    current: list.querySelector("[data-row].is-current")?.dataset.row,
    focused: document.activeElement?.closest?.("[data-row]")?.dataset.row,
  };
});

// at once: until it settles, somebody or an accepted change may let the selection go
document.addEventListener("htmx:afterSwap", () => {
  const list = document.querySelector("[data-list]");
  if (!before?.selected || !list) return;
  for (const box of list.querySelectorAll("[data-select]")) box.checked = before.selected.has(box.value);
  before.selected = null;
});

document.addEventListener("htmx:afterSettle", () => {
  const list = document.querySelector("[data-list]");
  if (!before || !list) return;
  const { stamps, current, focused } = before;
  before = null;
  for (const row of rowsOf(list)) {
    const number = row.dataset.row;
    if (number === current) row.classList.add("is-current");
    if (number === focused) row.querySelector("a")?.focus({ preventScroll: true });
    if (stamps.get(number) !== row.dataset.stamp) {
      row.classList.add("row-changed");
      setTimeout(() => row.classList.remove("row-changed"), SHOWN_FOR);
    }
  }
  document.dispatchEvent(new CustomEvent("deskbell:selected"));
});
