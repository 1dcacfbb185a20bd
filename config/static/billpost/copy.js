/* <button data-copy="text"> copies the text; <button data-copy-from="next"> copies the <pre> of its section. The button says "Copied". */
"use strict";
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const text = button.dataset.copy ?? button.closest("section").querySelector("pre").textContent;
  const words = button.firstChild;
  const before = words.textContent;
  try {
    await navigator.clipboard.writeText(text);
    words.textContent = "Copied";
  } catch {
    words.textContent = "Not allowed";
  }
  setTimeout(() => { words.textContent = before; }, 2000);
});
