// A chat as on a phone: it stands at its end, Enter sends, a chosen photo is named, and who looks away reads nothing.
const chat = () => document.querySelector("[data-chat]");
const toEnd = () => chat()?.scrollTo({ top: chat().scrollHeight });

// behind another tab the phone lies face down: nothing is fetched, so nothing is marked as read
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.closest("[data-chat]")) event.preventDefault();
});

let stood = 0;
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.matches("[data-chat]")) stood = target.scrollHeight - target.scrollTop - target.clientHeight > 80 ? target.scrollTop : -1;
});
document.addEventListener("htmx:afterSettle", () => (stood < 0 ? toEnd() : chat()?.scrollTo({ top: stood })));
document.addEventListener("load", ({ target }) => target.matches?.(".phone-photo img") && stood <= 0 && toEnd(), true);
toEnd();
document.querySelector(".play-person[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

const form = document.querySelector("[data-chat-form]");
const text = form?.elements.namedItem("text");
text?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-send]"));
});
form?.elements.namedItem("photo").addEventListener("change", ({ target }) => {
  const picked = form.querySelector("[data-picked]");
  picked.hidden = !target.files.length;
  picked.querySelector("span").textContent = target.files[0]?.name ?? "";
  text.focus();
});

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  await navigator.clipboard?.writeText(button.dataset.copy);
  button.querySelector("span").textContent = button.dataset.copied;
});
