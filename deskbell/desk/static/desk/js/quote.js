// A message of a chat is chosen to be answered: it stands above what is written, until one thinks better of it.
const place = () => document.querySelector("[data-quoting]");

const quote = (part, pk, message) => {
  part.querySelector('[name="quotes"]').value = pk;
  part.querySelector("[data-quoting-who]").textContent = message?.querySelector(".message-author")?.textContent ?? "";
  part.querySelector("[data-quoting-text]").textContent =
    message?.querySelector(".message-body > :not(.message-quote)")?.textContent.trim().slice(0, 160) ?? "";
  part.hidden = !pk;
};

document.addEventListener("click", (event) => {
  const part = place();
  if (!part) return;
  const chosen = event.target.closest("[data-quote]");
  if (chosen) {
    event.preventDefault();
    const form = part.closest("form");
    const reply = form.querySelector('[name="visibility"][value="public"]');
    if (reply && !reply.checked) reply.click();
    quote(part, chosen.dataset.quote, chosen.closest(".message"));
    form.querySelector("[data-composer-text]")?.focus();
  } else if (event.target.closest("[data-quoting-off]")) {
    quote(part, "", null);
    part.closest("form").querySelector("[data-composer-text]")?.focus();
  }
});
