// The day in which a chat can be answered freely ends while the ticket is open: the way a reply leaves is fetched
// anew, and what is being typed stays.
import { whenPresent } from "../../kit/js/page.js";

// no timer of a browser is longer than 24 days, and a machine may sleep: looked at again each minute
const LOOK = 60_000;

const watch = (way) => {
  const closes = Date.parse(way.dataset.windowCloses);
  const look = () => {
    if (!way.isConnected) return;
    const left = closes - Date.now();
    if (left > 0) return void setTimeout(look, Math.min(left + 500, LOOK));
    const page = way.closest("[data-live-refresh]");
    if (page) window.htmx?.trigger(page, "live");
  };
  look();
};

whenPresent("[data-window-closes]", watch);

// the way that was chosen stays chosen where it is still there
let chosen = null;
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.id === "writing-way") chosen = event.detail.target.querySelector("select")?.value ?? null;
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id !== "writing-way" || !chosen) return;
  const select = document.querySelector("#writing-way select");
  if (select && [...select.options].some((option) => option.value === chosen)) select.value = chosen;
});
