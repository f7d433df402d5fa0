// Complete the addresses to cite, which are paths where the site does not know its own address. Show the
// buttons that copy a field, which need this script, and confirm when they have copied.
for (const place of document.querySelectorAll(".address")) {
  const what = "value" in place ? "value" : "textContent";
  if (place[what].startsWith("/")) place[what] = location.origin + place[what];
}
for (const button of document.querySelectorAll("button[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
}
