// The filter panel: leaves empty fields out of the address, closes on Escape and on a click beside it.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-drop-empty]")) return;
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});

addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-drop-empty] :disabled")) field.disabled = false;
});

const openPanels = () => document.querySelectorAll("details[open]:is([data-filter-panel], .subject-edit)");

document.addEventListener("click", (event) => {
  for (const panel of openPanels()) if (!panel.contains(event.target)) panel.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const panel of openPanels()) {
    panel.open = false;
    panel.querySelector("summary").focus();
  }
});

document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches("[data-filter-panel], .subject-edit, .writing-copy") && event.target.open) {
      event.target.querySelector("select, input:not([type=hidden])")?.focus();
    }
  },
  true,
);
