// data-dialog-open="<id>" opens a <dialog>, data-dialog-close closes the one it stands in.
export const open = (dialog) => {
  if (!dialog || dialog.open) return;
  dialog.showModal();
};

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    event.preventDefault();
    open(document.getElementById(opener.dataset.dialogOpen));
  }
  event.target.closest("[data-dialog-close]")?.closest("dialog")?.close();
  // a click on the backdrop has the dialog itself as its target
  if (event.target.matches?.("dialog.dialog")) {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.detail) event.target.close();
  }
});
