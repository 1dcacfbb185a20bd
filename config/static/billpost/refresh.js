/* Fragments from the server.
   data-refresh-url + data-refresh-seconds: the element is replaced by the element of the same id in the answer (or by its first element),
   and asked for again as long as the answer carries data-refresh-url.
   data-check-url + data-check-target="id id": input inside posts the form, 400 ms after the last key; each target is replaced by the element of
   its id in the answer; a single target that the answer does not name is filled with the whole answer. */
"use strict";
{
  const parse = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

  const watch = (element) => {
    if (element.dataset.refreshUrl) setTimeout(refresh, 1000 * (element.dataset.refreshSeconds || 2), element);
  };

  const refresh = async (element) => {
    if (!element.isConnected) return;
    if (document.hidden) return watch(element);
    try {
      const response = await fetch(element.dataset.refreshUrl, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (response.ok) {
        const answer = await parse(response);
        const next = (element.id && answer.getElementById(element.id)) || answer.body.firstElementChild;
        if (!next) return;
        element.replaceWith(next);
        return watch(next);
      }
    } catch {
      /* no connection: asked again below */
    }
    watch(element);
  };

  const newest = new WeakMap();

  const check = async (element) => {
    const form = element.form ?? element.closest("form");
    const turn = (newest.get(element) ?? 0) + 1;
    newest.set(element, turn);
    const response = await fetch(element.dataset.checkUrl, {
      method: "POST", body: new FormData(form), headers: { "X-Fragment": "1" }, credentials: "same-origin",
    });
    if (!response.ok || newest.get(element) !== turn) return;
    const answer = await parse(response);
    const ids = element.dataset.checkTarget.split(" ");
    for (const id of ids) {
      const target = document.getElementById(id);
      const next = answer.getElementById(id);
      if (target && next) target.replaceWith(next);
      else if (target && ids.length === 1) target.replaceChildren(...answer.body.childNodes);
    }
  };

  const timers = new WeakMap();
  const soon = (event) => {
    let element = event.target.closest?.("[data-check-url]");
    for (; element; element = element.parentElement?.closest("[data-check-url]")) {
      clearTimeout(timers.get(element));
      timers.set(element, setTimeout(check, 400, element));
    }
  };
  document.addEventListener("input", soon);
  document.addEventListener("change", soon);
  document.querySelectorAll("[data-refresh-url]").forEach(watch);
}
