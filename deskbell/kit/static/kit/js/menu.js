// Places a menu (a popover) beside its button, and moves in it with the arrow keys.
const GAP = 4;

export const place = (menu, button) => {
  const anchor = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const rightToLeft = getComputedStyle(button).direction === "rtl";
  let left = rightToLeft ? anchor.right - width : anchor.left;
  if (!rightToLeft && left + width > innerWidth - GAP) left = anchor.right - width;
  let top = anchor.bottom + GAP;
  if (top + height > innerHeight - GAP && anchor.top - GAP - height > 0) top = anchor.top - GAP - height;
  menu.style.left = `${Math.max(GAP, Math.min(left, innerWidth - width - GAP))}px`;
  menu.style.top = `${Math.max(GAP, Math.min(top, innerHeight - height - GAP))}px`;
};

const items = (menu) => [...menu.querySelectorAll(".menu-item:not([disabled])")].filter((item) => item.offsetParent);

const buttonOf = (menu) => document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.("[data-menu]")) return;
    const button = buttonOf(menu);
    button?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open" || !button) return;
    place(menu, button);
    items(menu)[0]?.focus({ preventScroll: true });
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("[data-menu]");
  if (!menu) return;
  const all = items(menu);
  const at = all.indexOf(document.activeElement);
  const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  all[(target + all.length) % all.length]?.focus();
});

// A choice closes its menu; the theme is tried out with the menu open.
document.addEventListener("click", (event) => {
  const item = event.target.closest(".menu-item");
  if (!item || item.matches("[data-theme-set]")) return;
  // afterwards: htmx forgets which button was pressed when the focus goes back to the menu's own
  const menu = item.closest("[data-menu]");
  setTimeout(() => menu?.isConnected && menu.hidePopover());
});
