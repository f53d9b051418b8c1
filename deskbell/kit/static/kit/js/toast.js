// Short notices. Errors stay until they are dismissed; the others leave by themselves unless one reads them.
import { whenPresent } from "./page.js";

const STAYS = 6000;

export const toast = (text, kind = "info") => {
  const shape = document.getElementById(kind === "error" ? "toast-error-shape" : "toast-shape");
  const region = document.querySelector("[data-toasts]");
  if (!shape || !region || !text) return;
  const shown = [...region.querySelectorAll(".toast-text")].some((other) => other.textContent === text);
  if (shown) return;
  const element = shape.content.firstElementChild.cloneNode(true);
  element.querySelector(".toast-text").textContent = text;
  region.append(element);
  leaveLater(element);
};

const leaveLater = (element) => {
  if (element.dataset.toast === "error") return;
  let timer = setTimeout(() => element.remove(), STAYS);
  const wait = () => clearTimeout(timer);
  const go = () => (timer = setTimeout(() => element.remove(), STAYS / 2));
  for (const name of ["mouseenter", "focusin"]) element.addEventListener(name, wait);
  for (const name of ["mouseleave", "focusout"]) element.addEventListener(name, go);
};

document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest(".toast")?.remove());
document.addEventListener("deskbell:toast", (event) => toast(event.detail.text, event.detail.kind));
whenPresent("[data-toasts] .toast", leaveLater);
