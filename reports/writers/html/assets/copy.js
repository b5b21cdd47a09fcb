"use strict";
// Copies the text of the code beside the button. A page from the disk may lack the clipboard: then by selection.
const said = document.createElement("output");
said.className = "vh";
document.body.append(said);

function bySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "vh";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return bySelection(text);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  const done = await copied(button.parentElement.querySelector("code").textContent);
  button.focus();
  button.textContent = done ? "Copied" : "Not copied";
  said.textContent = `${button.textContent}: ${button.getAttribute("aria-label")}`;
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});
