// Keeps what one types in <form data-keep="<key>"> until the server has accepted it (kit/once.py sets a cookie
// with the form's `once` key). It outlives a failed post, an expired sign-in, a closed tab.
//
// data-receipts="/…/" answers {accepted} to a key: then a lost answer is found out on the next page. What stands
// in a form with data-keep-stays outlives signing out by hand, too.
import { dropFilesOf } from "./filebox.js";
import { store, whenPresent } from "./page.js";

const COOKIE = "deskbell_accepted";
const KEPT_FOR = 14 * 86400_000;
const TEXT = 'textarea[name], input[name]:not([type="password"], [type="hidden"], [type="file"], [type="submit"], [data-unkept])';

// who is signed in; what one person typed is never shown to another at the same browser
export const reader = document.querySelector('meta[name="reader"]')?.content ?? "";
const nameOf = (form) => `typed.${form.dataset.keep}`;
const onceOf = (form) => form.elements.namedItem("once")?.value ?? "";
// the state of the server's copy that what is typed here builds on (desk/js/draft.js)
const draftOf = (form) => form.elements.namedItem("draft")?.value ?? "";
const isBox = (field) => field.type === "checkbox" || field.type === "radio";
const fields = (form) => [...form.querySelectorAll(`${TEXT}, select[name]`)];

// signed out by hand: nothing more is kept
let leaving = false;

const acceptedKeys = () => {
  const entry = document.cookie.split("; ").find((part) => part.startsWith(`${COOKIE}=`));
  return entry ? decodeURIComponent(entry.slice(COOKIE.length + 1)).split(".") : [];
};

// Forms with these keys have arrived: their words and files may go.
const forget = async (keys) => {
  const forms = [];
  for (const key of store.keys("typed.")) {
    if (!keys.includes(store.get(key)?.once)) continue;
    store.remove(key);
    forms.push(key.slice("typed.".length));
  }
  if (forms.length) await dropFilesOf(forms, reader);
};

const forgetAccepted = () => {
  const accepted = acceptedKeys();
  if (!accepted.length) return;
  forget(accepted);
  document.cookie = `${COOKIE}=; path=/; max-age=0; samesite=lax`;
};

const forgetOld = () => {
  for (const key of store.keys("typed.")) {
    if (!(store.get(key)?.at > Date.now() - KEPT_FOR)) store.remove(key);
  }
};

const remember = (form) => {
  if (leaving) return;
  const values = {};
  for (const field of fields(form)) {
    if (isBox(field)) continue;
    // also what the server wrote into it: after a refused post that is the only copy there is
    if (field.value || field.tagName === "SELECT") values[field.name] = field.value;
  }
  const typed = fields(form).some((field) => field.matches(TEXT) && !isBox(field) && values[field.name]?.trim());
  const stays = "keepStays" in form.dataset;
  if (typed || form.querySelector("[data-upload]")) {
    store.set(nameOf(form), { once: onceOf(form), draft: draftOf(form), reader, at: Date.now(), values, stays });
  } else store.remove(nameOf(form));
};

const restore = (form) => {
  const kept = store.get(nameOf(form));
  if (!kept || kept.reader !== reader) return;
  let restored = false;
  // typed after the server had its copy, and not there any more when the page went
  const newer = Boolean(kept.draft) && kept.draft === draftOf(form);
  const drawnEmpty = !form.querySelector(".field-error, .form-errors");
  for (const field of fields(form)) {
    const value = kept.values[field.name];
    if (value === undefined || isBox(field)) continue;
    if (field.tagName === "SELECT") {
      if ([...field.options].some((option) => option.value === value)) field.value = value;
    } else if (!field.value || (newer && field.matches("textarea") && field.value !== value)) {
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      restored = true;
    }
  }
  const notice = restored && form.querySelector("[data-restored]");
  if (notice) notice.hidden = false;
  if (drawnEmpty) sendAsBefore(form, kept.once);
};

// The same words under the same key: should the first try have arrived, the second is the same message.
const sendAsBefore = async (form, once) => {
  const field = form.elements.namedItem("once");
  if (!field || !once) return;
  field.value = once;
  if (!form.dataset.receipts) return;
  const answer = await fetch(`${form.dataset.receipts}${once}/`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || !(await answer.json()).accepted) return;
  await forget([once]);
  location.reload();
};

const discard = (form) => {
  store.remove(nameOf(form));
  for (const field of fields(form)) {
    if (!isBox(field) && field.tagName !== "SELECT") field.value = field.defaultValue;
  }
  form.querySelector("[data-restored]").hidden = true;
  form.querySelector("textarea")?.focus();
};

const forgetAll = () => {
  leaving = true;
  store.keys("typed.").filter((key) => !store.get(key)?.stays).forEach(store.remove);
};

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
  form.addEventListener("deskbell:drafted", save);
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
