// "(3) Needs reply · Deskbell": how many tickets wait for an answer, as the boxes count them.
const bare = document.title;

const show = () => {
  const number = document.getElementById("boxes")?.dataset.needsReply;
  if (number === undefined) return;
  document.title = number === "0" ? bare : `(${number}) ${bare}`;
};

document.addEventListener("htmx:afterSettle", show);
show();
