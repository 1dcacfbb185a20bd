/* The mapping grid. Accepting a suggestion only fills its field; only changed fields are sent; without this script each of it is a round trip.
   A drop-down with data-search-url is filled by what is typed. */
"use strict";
{
  const form = document.getElementById("grid-form");
  const fields = form ? [...form.querySelectorAll("input[data-stored]")] : [];
  const bar = document.getElementById("grid-changes");
  const save = document.getElementById("grid-save");
  const list = document.getElementById("grid-records");
  const changed = (field) => field.value.trim() !== field.dataset.stored;
  const button = (row) => row.querySelector("button[data-title]");

  const draw = (field) => {
    const row = field.closest("tr");
    row.classList.toggle("selected", changed(field));
    const accept = button(row);
    if (accept) {
      const taken = field.value === accept.dataset.title;
      accept.firstChild.textContent = taken ? "Accepted" : "Accept";
      accept.setAttribute("aria-pressed", String(taken));
    }
  };

  const count = () => {
    const changes = fields.filter(changed).length;
    const words = changes === 1 ? "1 change, not saved." : `${changes} changes, not saved.`;
    const strong = document.createElement("b");
    strong.textContent = changes ? words : "Nothing is changed yet.";
    bar.replaceChildren(strong, changes ? " Bills that wait for them go by themselves." : "");
    save.textContent = changes ? `Save ${changes} ${changes === 1 ? "mapping" : "mappings"}` : "Save mappings";
  };

  const put = (accept) => {
    const field = accept.closest("tr").querySelector("input[data-stored]");
    field.value = field.value === accept.dataset.title ? field.dataset.stored : accept.dataset.title;
    draw(field);
  };

  const look = async (field) => {
    const url = new URL(list.dataset.searchUrl, location.href);
    url.searchParams.set("q", field.value.trim());
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) return;
    const { results } = await answer.json();
    list.replaceChildren(...results.map(({ text }) => new Option(text, text)));
  };

  let timer;
  form?.addEventListener("input", (event) => {
    const field = event.target.closest("input[data-stored]");
    if (!field) return;
    draw(field);
    count();
    if (!list?.dataset.searchUrl) return;
    clearTimeout(timer);
    timer = setTimeout(look, 200, field);
  });
  form?.addEventListener("focusin", (event) => event.target.closest("input[data-stored]")?.select());
  form?.addEventListener("click", (event) => {
    const accept = event.target.closest("button[data-title]");
    if (!accept) return;
    event.preventDefault();
    put(accept);
    count();
  });
  document.getElementById("grid-accept-all")?.addEventListener("click", (event) => {
    event.preventDefault();
    for (const accept of form.querySelectorAll("button[data-sure]")) {
      if (accept.getAttribute("aria-pressed") !== "true") put(accept);
    }
    count();
    save.focus();
  });
  form?.addEventListener("submit", () => {
    for (const field of fields) field.disabled = !changed(field);
    setTimeout(() => fields.forEach((field) => { field.disabled = false; }));
  });
  if (form) {
    fields.forEach(draw);
    count();
  }
}
