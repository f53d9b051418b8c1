// People found while one types a customer: arrow down or Enter goes to them, the arrows move, Escape goes back.
// Once somebody is chosen, writing goes on at the subject.
const box = () => document.getElementById("customer");

document.addEventListener("keydown", (event) => {
  const found = [...(box()?.querySelectorAll(".found-person") ?? [])];
  if (!found.length || event.isComposing || !box().contains(event.target)) return;
  const at = found.indexOf(event.target);
  const typing = event.target.matches("input");
  if (typing && ["ArrowDown", "Enter"].includes(event.key)) found[0].focus();
  else if (at > -1 && event.key === "ArrowDown") found[Math.min(at + 1, found.length - 1)].focus();
  else if (at > 0 && event.key === "ArrowUp") found[at - 1].focus();
  else if (at > -1 && ["ArrowUp", "Escape"].includes(event.key)) box().querySelector("input")?.focus();
  else return;
  event.preventDefault();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "customer" && event.target.querySelector("input[name=customer][value]")) {
    event.target.closest("form").elements.subject?.focus();
  }
});
