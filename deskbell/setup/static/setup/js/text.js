// The preview of a mail follows what is typed.
const PAUSE = 500;
const form = document.querySelector("[data-text]");
const preview = form.querySelector("[data-preview]");

let timer;
form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => form.requestSubmit(preview), PAUSE);
});
