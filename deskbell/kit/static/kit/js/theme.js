// Light, dark, or as the system has it. early.js reads the same entry before the first paint.
const KEY = "deskbell.theme";

const chosen = () => document.documentElement.dataset.theme ?? "system";

const show = () => {
  for (const item of document.querySelectorAll("[data-theme-set]")) {
    item.setAttribute("aria-checked", String(item.dataset.themeSet === chosen()));
  }
};

document.addEventListener("click", (event) => {
  const item = event.target.closest("[data-theme-set]");
  if (!item) return;
  const theme = item.dataset.themeSet;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // holds for this page only
  }
  show();
});

addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  if (event.newValue) document.documentElement.dataset.theme = event.newValue;
  else delete document.documentElement.dataset.theme;
  show();
});

show();
