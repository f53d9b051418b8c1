// A button that prints the page.
import { whenPresent } from "./page.js";

whenPresent("[data-print]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
