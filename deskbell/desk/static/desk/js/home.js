// Figures in whose table somebody reads stay as they are; the next notice brings the newer ones.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  if (target?.matches?.("[data-figures]") && target.querySelector("details[open]")) event.detail.shouldSwap = false;
});
