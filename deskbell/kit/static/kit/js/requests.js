// htmx: the CSRF header, and a sentence when an answer does not come or refuses.
import { csrfToken, word } from "./page.js";
import { toast } from "./toast.js";

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
});

document.addEventListener("htmx:sendError", () => toast(word("noAnswer"), "error"));
document.addEventListener("htmx:timeout", () => toast(word("noAnswer"), "error"));

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (status === 401) toast(word("signedOut"), "error");
  else toast(word(status >= 500 ? "noAnswer" : "refused"), "error");
});
