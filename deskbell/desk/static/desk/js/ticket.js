// The page of a ticket: what comes in is put into the timeline without disturbing what is open or being typed.
import { whenPresent } from "../../kit/js/page.js";

const composer = () => document.getElementById("composer");
const textOf = (part) => part?.querySelector("[data-composer-text]");

const disturbed = (element) =>
  element.matches(":focus-within") || element.querySelector("details[open], :popover-open") !== null;

// where the request came from that is being answered
let origin = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  origin = event.detail.requestConfig?.elt ?? null;
});

// its own answer is still to come, and is newer; replaced now, it could not be taken (htmx looks from the form)
const waits = (part) => [...part.querySelectorAll(".htmx-request")].some((form) => form !== origin);

// a part in which somebody works is left alone, unless it asked itself
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target } = event.detail;
  if (!target.matches("#ticket-head, #properties")) return;
  if (waits(target) || (!target.contains(origin) && disturbed(target))) event.detail.shouldSwap = false;
});

const warn = (entries) => {
  const part = composer();
  const form = part?.querySelector("form");
  const after = form?.elements.namedItem("after");
  if (!after) return;
  const newer = entries.filter((entry) => Number(entry.dataset.message) > Number(after.value));
  if (!newer.length) return;
  if (!textOf(part).value.trim()) {
    after.value = Math.max(...newer.map((entry) => Number(entry.dataset.message)));
    return;
  }
  const place = part.querySelector("[data-overtaken]");
  const said = newer.some((entry) => !entry.classList.contains("message-note"));
  const shape = document.getElementById("overtaken-shape");
  if (said && place && !place.firstElementChild) place.append(shape.content.cloneNode(true));
};

const merge = () => {
  const incoming = document.getElementById("incoming");
  const timeline = document.getElementById("timeline");
  if (!incoming?.firstElementChild || !timeline) return;
  const added = [];
  for (const entry of [...incoming.children]) {
    const present = timeline.querySelector(`[data-entry="${CSS.escape(entry.dataset.entry ?? "")}"]`);
    if (!present) {
      entry.classList.add("entry-new");
      timeline.append(entry);
      added.push(entry);
    } else if (present.dataset.stamp !== entry.dataset.stamp && (present.contains(origin) || !disturbed(present))) {
      const own = present.contains(origin);
      present.replaceWith(entry);
      if (own) entry.querySelector("[popovertarget]")?.focus();
    }
  }
  incoming.replaceChildren();
  warn(added);
};

document.addEventListener("htmx:afterRequest", merge);
document.addEventListener("htmx:afterSettle", merge);

// opened: the newest message and the place to answer it
const toTheEnd = (timeline) => {
  const part = composer();
  const last = [...timeline.querySelectorAll(".message")].at(-1);
  if (location.hash || !last || !part || performance.getEntriesByType("navigation")[0]?.type === "back_forward") return;
  if (new URLSearchParams(location.search).has("before")) return;
  part.scrollIntoView({ block: "end" });
  const head = document.getElementById("ticket-head")?.getBoundingClientRect().bottom ?? 0;
  if (last.getBoundingClientRect().top < head) last.scrollIntoView({ block: "start" });
};

whenPresent("#timeline", toTheEnd);

// a click, not a change: the kind that is chosen already is chosen again to go on writing
document.addEventListener("click", (event) => {
  if (event.target.matches('.writing-form [name="visibility"]')) textOf(event.target.form)?.focus();
});
