// A second click on a submit button does nothing while the first one is under way. (The server holds the same
// rule by the form's `once` key; this spares people the wait.)
const release = (form) => {
  delete form.dataset.sending;
  for (const button of form.querySelectorAll('button[aria-busy="true"]')) {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
};

const hold = (form) => {
  form.dataset.sending = "";
  // afterwards: a disabled button's own name and value would not be sent
  setTimeout(() => {
    for (const button of form.querySelectorAll('button[type="submit"], button:not([type])')) {
      if (button.disabled) continue;
      button.disabled = true;
      button.setAttribute("aria-busy", "true");
    }
  });
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented && !form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
  if (form.method !== "post" && !form.matches("[hx-post]")) return;
  const target = event.submitter?.formTarget || form.target;
  if (target && target !== "_self") return; // another window shows what came of it, this page stays
  if ("sending" in form.dataset) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  hold(form);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) release(form);
});

// back from the browser's memory: the page is as it was left, sending
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sending]").forEach(release);
});
