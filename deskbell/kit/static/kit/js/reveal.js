// The eye beside a password field.
import { whenPresent, word } from "./page.js";

whenPresent("[data-reveal]", (button) => {
  const input = document.getElementById(button.dataset.reveal);
  if (!input) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.ariaLabel = button.title = word(shown ? "hidePassword" : "showPassword");
  });
});
