/* Opens <dialog id> from <a data-dialog="id" href="the page that does the same">; closes menus when the focus leaves them. */
"use strict";
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog && dialog.showModal) {
    event.preventDefault();
    dialog.showModal();
    const first = ["[autofocus], input:checked", "input:not([type=hidden]), select, textarea", "h2"].map((each) => dialog.querySelector(each)).find(Boolean);
    first?.focus();
    return;
  }
  event.target.closest("[data-close]")?.closest("dialog").close();
  for (const menu of document.querySelectorAll(".more[open], .pill[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.(".more[open], .pill[open], .menu-fold[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
