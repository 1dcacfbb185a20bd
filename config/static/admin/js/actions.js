/* Takes the place of Django's script of this name: ticking rows of a change list, and the bulk bar that says how many and how much. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const table = document.getElementById("result_list");
  const bar = document.querySelector(".bulk");
  const boxes = [...document.querySelectorAll("input.action-select")];
  if (!table || !bar || !boxes.length) return;
  const all = document.getElementById("action-toggle");
  const across = bar.querySelector(".select-across");
  const more = bar.querySelector(".across");
  let last = null;

  /* Sums exactly, in units of the smallest digit that occurs: {USD: [26634.31 as 2663431n, 2]}. */
  const sums = (rows) => {
    const totals = new Map();
    for (const row of rows) {
      const money = row.querySelector("data.money");
      if (!money) continue;
      const [whole, fraction = ""] = money.value.split(".");
      const code = money.querySelector("b").textContent;
      const [sum, digits] = totals.get(code) ?? [0n, 0];
      const wide = Math.max(digits, fraction.length);
      totals.set(code, [sum * 10n ** BigInt(wide - digits) + BigInt(whole + fraction) * 10n ** BigInt(wide - fraction.length), wide]);
    }
    return totals;
  };

  const text = ([code, [sum, digits]]) => {
    const figures = String(sum < 0n ? -sum : sum).padStart(digits + 1, "0");
    const whole = figures.slice(0, figures.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
    const least = { JPY: 0 }[code] ?? 2;
    const fraction = figures.slice(figures.length - digits).replace(/0+$/, "").padEnd(Math.min(least, digits), "0");
    return `${sum < 0n ? "−" : ""}${whole}${fraction ? "." + fraction : ""} ${code}`;
  };

  const show = () => {
    const ticked = boxes.filter((box) => box.checked);
    const total = Number(bar.dataset.total);
    const every = across.value === "1";
    const count = every ? total : ticked.length;
    for (const box of boxes) box.closest("tr").classList.toggle("selected", box.checked);
    all.checked = ticked.length === boxes.length;
    all.indeterminate = ticked.length > 0 && !all.checked;
    bar.querySelector(".bulk-count").textContent = every ? `All ${total} selected` : `${count} selected`;
    bar.querySelector(".bulk-money").textContent = every ? "" : [...sums(ticked.map((box) => box.closest("tr")))].map(text).join(", ");
    if (more) more.hidden = every || !all.checked;
    for (const button of bar.querySelectorAll("button[name=action]")) {
      const words = button.dataset.label.replace(/\bselected\b/, String(count));
      button.textContent = count === 1 ? words.replace(bar.dataset.many, bar.dataset.one) : words;
    }
  };

  all.addEventListener("click", () => {
    across.value = "0";
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  more?.addEventListener("click", () => {
    across.value = "1";
    show();
  });
  table.addEventListener("click", (event) => {
    const box = event.target.closest("input.action-select");
    if (!box) return;
    if (event.shiftKey && last && last !== box) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    across.value = "0";
    last = box;
    show();
  });
  window.addEventListener("pageshow", show);
  show();
});
