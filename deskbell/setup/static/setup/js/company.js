// Shows name, pictures and colour while they are being chosen; nothing is stored before the form is sent.
const form = document.querySelector("[data-company]");

const own = form.querySelector("[data-accent-own]");
const accent = form.querySelector("[data-accent]");
const stored = document.querySelector("[data-company-colours]");
let tried = null;

const tryColour = () => {
  accent.disabled = !own.checked;
  if (stored) stored.disabled = true;
  const before = tried;
  tried = null;
  if (own.checked) {
    // the server makes the shades, as it will when they are saved
    tried = document.createElement("link");
    tried.rel = "stylesheet";
    tried.href = `${form.dataset.colours}?accent=${encodeURIComponent(accent.value)}`;
    tried.addEventListener("load", () => before?.remove());
    document.head.append(tried);
  } else before?.remove();
};
accent.disabled = !own.checked;
if (own.checked && !stored) tryColour(); // a refused form comes back with its colour
own.addEventListener("change", tryColour);
accent.addEventListener("change", tryColour);

const name = form.querySelector("[data-company-name]");
name.addEventListener("input", () => {
  for (const shown of document.querySelectorAll(".brand-name")) shown.textContent = name.value;
});

for (const picture of form.querySelectorAll("[data-picture]")) {
  document.getElementById(picture.dataset.picture).addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (!file) return;
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(file);
    picture.hidden = false;
    if (picture.nextElementSibling) picture.nextElementSibling.hidden = true;
  });
}
