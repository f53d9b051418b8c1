// A passkey is made or used: the browser asks the person, and its answer goes into the form.
import { whenPresent } from "../kit/js/page.js";
import { toast } from "../kit/js/toast.js";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// No browser makes a passkey for a number, nor where the line is not encrypted.
const possible = () => Boolean(window.PublicKeyCredential) && !/^[\d.]+$|^\[/.test(location.hostname);

const asked = async (form) => {
  const { publicKey } = form.dataset.options
    ? JSON.parse(form.dataset.options)
    : await (await fetch(form.action, { headers: { Accept: "application/json" } })).json();
  publicKey.challenge = bytes(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  for (const known of [...(publicKey.allowCredentials ?? []), ...(publicKey.excludeCredentials ?? [])]) {
    known.id = bytes(known.id);
  }
  return publicKey;
};

const answered = ({ id, rawId, type, response }) => {
  const said = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) said[part] = text(response[part]);
  }
  return { id, rawId: text(rawId), type, response: said, clientExtensionResults: {} };
};

// What the person ticked in the form beside this one counts for both.
const take = (form, name) => {
  const ticked = document.querySelector(`input[type="checkbox"][name="${name}"]:checked`);
  if (!ticked || form.elements[name]) return;
  const input = Object.assign(document.createElement("input"), { type: "hidden", name, value: ticked.value });
  form.append(input);
};

const ask = async (form) => {
  const publicKey = await asked(form);
  const made = publicKey.user
    ? await navigator.credentials.create({ publicKey })
    : await navigator.credentials.get({ publicKey });
  form.elements.credential.value = JSON.stringify(answered(made));
  if (form.dataset.with) take(form, form.dataset.with);
  form.submit();
};

whenPresent("form[data-passkey]", (form) => {
  if (!possible()) return;
  const button = form.querySelector("button");
  form.hidden = false;
  for (const element of form.querySelectorAll("[data-passkey-shown]")) element.hidden = false;
  for (const element of document.querySelectorAll("[data-passkey-missing]")) element.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    try {
      await ask(form);
    } catch (error) {
      button.disabled = false;
      toast(error.name === "InvalidStateError" ? form.dataset.known : form.dataset.failed, "error");
    }
  });
});
