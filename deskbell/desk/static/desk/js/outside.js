// A link into one's own WhatsApp takes along what is typed beside it; clicked, it asks whether to log that.
const LONGEST = 2000;

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-outside]");
  const form = link?.closest("form");
  if (!form) return;
  const text = form.elements.namedItem("text").value.trim().slice(0, LONGEST);
  link.href = link.dataset.outside + (text ? `?text=${encodeURIComponent(text)}` : "");
  form.elements.namedItem("number").value = link.dataset.number;
  form.querySelector("[data-outside-log]")?.classList.add("outside-asks");
});
