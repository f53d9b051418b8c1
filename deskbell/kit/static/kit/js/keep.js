// Keeps what one types in <form data-keep="<key>"> until the server has accepted it (kit/once.py sets a cookie
// with the form's `once` key). It outlives a failed post, an expired sign-in, a closed tab.
import { store, whenPresent } from "./page.js";

const COOKIE = "deskbell_accepted";
const KEPT_FOR = 14 * 86400_000;
const TEXT = 'textarea[name], input[name]:not([type="password"], [type="hidden"], [type="file"], [type="submit"])';

// who is signed in; what one person typed is never shown to another at the same browser
const reader = document.querySelector('meta[name="reader"]')?.content ?? "";
const nameOf = (form) => `typed.${form.dataset.keep}`;
const onceOf = (form) => form.elements.namedItem("once")?.value ?? "";
const isBox = (field) => field.type === "checkbox" || field.type === "radio";
const fields = (form) => [...form.querySelectorAll(`${TEXT}, select[name]`)];

const acceptedKeys = () => {
  const entry = document.cookie.split("; ").find((part) => part.startsWith(`${COOKIE}=`));
  return entry ? decodeURIComponent(entry.slice(COOKIE.length + 1)).split(".") : [];
};

const forgetAccepted = () => {
  const accepted = acceptedKeys();
  if (!accepted.length) return;
  for (const key of store.keys("typed.")) {
    if (accepted.includes(store.get(key)?.once)) store.remove(key);
  }
  document.cookie = `${COOKIE}=; path=/; max-age=0; samesite=lax`;
};

const forgetOld = () => {
  for (const key of store.keys("typed.")) {
    if (!(store.get(key)?.at > Date.now() - KEPT_FOR)) store.remove(key);
  }
};

const remember = (form) => {
  const values = {};
  for (const field of fields(form)) {
    if (isBox(field)) continue;
    // also what the server wrote into it: after a refused post that is the only copy there is
    if (field.value || field.tagName === "SELECT") values[field.name] = field.value;
  }
  const typed = fields(form).some((field) => field.matches(TEXT) && !isBox(field) && values[field.name]?.trim());
  if (typed) store.set(nameOf(form), { once: onceOf(form), reader, at: Date.now(), values });
  else store.remove(nameOf(form));
};

const restore = (form) => {
  const kept = store.get(nameOf(form));
  if (!kept || kept.reader !== reader) return;
  let restored = false;
  for (const field of fields(form)) {
    const value = kept.values[field.name];
    if (value === undefined || isBox(field)) continue;
    if (field.tagName === "SELECT") {
      if ([...field.options].some((option) => option.value === value)) field.value = value;
    } else if (!field.value) {
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      restored = true;
    }
  }
  const notice = restored && form.querySelector("[data-restored]");
  if (notice) notice.hidden = false;
};

const discard = (form) => {
  store.remove(nameOf(form));
  for (const field of fields(form)) {
    if (!isBox(field) && field.tagName !== "SELECT") field.value = field.defaultValue;
  }
  form.querySelector("[data-restored]").hidden = true;
  form.querySelector("textarea")?.focus();
};

const forgetAll = () => store.keys("typed.").forEach(store.remove);

forgetAccepted();
forgetOld();
document.addEventListener("htmx:afterRequest", forgetAccepted);
addEventListener("pageshow", forgetAccepted);

whenPresent("form[data-keep]", (form) => {
  let timer;
  const save = () => {
    clearTimeout(timer);
    timer = setTimeout(() => remember(form), 250);
  };
  restore(form);
  form.addEventListener("input", save);
  form.addEventListener("change", save);
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    remember(form);
  });
  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-restored-discard]")) discard(form);
  });
});

// signing out by hand leaves nothing behind; a sign-in that merely expired keeps everything
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-sign-out]")) forgetAll();
});
