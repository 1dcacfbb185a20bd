/* "/" puts the cursor in the search, unless a field has the focus. */
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const field = [...document.querySelectorAll("[data-find]")].find((each) => each.offsetParent);
  if (field) {
    event.preventDefault();
    field.focus();
    field.select();
  }
});
