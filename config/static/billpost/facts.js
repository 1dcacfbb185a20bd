/* data-facts-table: the cells beside a drop-down tell what is chosen there. The facts stand at each option, {label: text} as JSON. */
"use strict";
document.addEventListener("change", (event) => {
  const row = event.target.closest("[data-facts-table] tr");
  if (!row) return;
  const facts = JSON.parse(event.target.selectedOptions?.[0]?.dataset.facts ?? "{}");
  for (const cell of row.querySelectorAll("[data-fact]")) cell.textContent = facts[cell.dataset.fact] ?? "";
});
