// A link to an identity provider carries along whether the phone stays signed in.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-stay]");
  if (!link) return;
  const address = new URL(link.href);
  if (document.querySelector('input[name="stay"]:checked')) address.searchParams.set("stay", "1");
  else address.searchParams.delete("stay");
  link.href = address.href;
});
