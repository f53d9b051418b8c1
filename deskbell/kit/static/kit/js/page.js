// What several behaviours need: words of the page's language, the store, and "when this appears".

export const word = (name, values = {}) => {
  const text = document.getElementById("words")?.dataset[name] ?? "";
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
};

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

// Calls `bind` once for each element that matches, now and after each swap.
export const whenPresent = (selector, bind) => {
  const bound = new WeakSet();
  const look = (root) => {
    for (const element of root.querySelectorAll(selector)) {
      if (!bound.has(element)) {
        bound.add(element);
        bind(element);
      }
    }
  };
  look(document);
  document.addEventListener("htmx:afterSettle", () => look(document));
};

// localStorage, or nothing where the browser forbids it or it is full.
export const store = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(`deskbell.${key}`));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`deskbell.${key}`, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  },
  remove(key) {
    try {
      localStorage.removeItem(`deskbell.${key}`);
    } catch {
      // nothing was kept
    }
  },
  keys(prefix) {
    try {
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(`deskbell.${prefix}`))
        .map((key) => key.slice("deskbell.".length));
    } catch {
      return [];
    }
  },
};
