/* Turns <select multiple data-chips> into chips with a search field (ARIA combobox). Without this script the select works as it is.
   data-search-url: asked with ?q=, answers {"results": [{"id", "text"}]}; data-placeholder; data-free: what is typed may be added as it is;
   data-one: a choice takes the place of the one before.
   Enter while a search is under way makes of the text a chip that waits for its first match; a form that is sent meanwhile waits too. */
"use strict";
{
  let serial = 0;
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  class Chips {
    constructor(select) {
      this.select = select;
      this.listId = `chips-${++serial}`;
      this.waiting = 0;
      this.label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
      this.input = make("input", {
        type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": this.listId, "aria-autocomplete": "list",
        autocomplete: "off", id: select.id, "aria-label": this.label?.textContent.trim() ?? select.name,
      });
      select.id += "-values";
      for (const name of ["aria-describedby", "aria-invalid"]) if (select.hasAttribute(name)) this.input.setAttribute(name, select.getAttribute(name));
      this.list = make("ul", { role: "listbox", id: this.listId, class: "options", "aria-label": "Choices", hidden: "" });
      this.box = make("div", { class: "chips" }, this.input, this.list);
      select.hidden = true;
      select.after(this.box);
      this.listen();
      this.draw();
    }

    listen() {
      this.input.addEventListener("input", (event) => { event.stopPropagation(); this.ask(); });
      this.input.addEventListener("change", (event) => event.stopPropagation());
      this.input.addEventListener("focus", () => this.ask());
      this.input.addEventListener("blur", () => this.close());
      this.input.form?.addEventListener("submit", (event) => this.hold(event));
      this.input.addEventListener("keydown", (event) => this.key(event));
      this.box.addEventListener("click", (event) => {
        const remove = event.target.closest("button");
        if (remove) this.set(remove.value, false);
        if (event.target === this.box || remove) this.input.focus();
      });
      this.list.addEventListener("mousedown", (event) => {
        event.preventDefault();
        const option = event.target.closest("[role=option]");
        if (option) this.choose(option);
      });
    }

    draw() {
      for (const chip of this.box.querySelectorAll(".chip:not(.waiting)")) chip.remove();
      for (const { value, text } of this.select.selectedOptions) {
        const remove = make("button", { type: "button", value, "aria-label": `Remove ${text}` }, "×");
        this.input.before(make("span", { class: "chip" }, text, remove));
      }
      this.input.placeholder = this.select.selectedOptions.length ? "" : this.select.dataset.placeholder ?? "";
    }

    set(value, chosen, text = value) {
      let option = [...this.select.options].find((each) => each.value === value);
      if (!option) this.select.append(option = new Option(text, value));
      if (chosen && "one" in this.select.dataset) for (const other of [...this.select.selectedOptions]) other.selected = false;
      option.selected = chosen;
      this.draw();
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }

    async ask() {
      const typed = this.input.value.trim();
      this.point(null);
      const asked = this.asked = { typed, found: this.select.dataset.searchUrl ? this.search(typed) : this.local(typed.toLowerCase()) };
      const found = await asked.found;
      if (asked !== this.asked) return;
      this.asked = null;
      if (document.activeElement === this.input) this.offer(found, typed);
    }

    left(found) {
      const taken = new Set([...this.select.selectedOptions].map((option) => option.value));
      return found.filter((choice) => !taken.has(choice.id));
    }

    offer(found, typed) {
      const typedOne = "free" in this.select.dataset && typed ? [{ id: typed, text: typed }] : [];
      this.open(this.left([...found, ...typedOne]), typed);
    }

    hurry() {
      const { typed, found } = this.asked, before = this.turn;
      const chip = make("span", { class: "chip waiting", role: "status" }, `Searching ${typed}`);
      this.asked = null;
      this.close();
      this.input.before(chip);
      this.waiting += 1;
      this.turn = (async () => {
        await before;
        const all = await found;
        chip.remove();
        this.settle(this.left(all)[0], typed, all);
      })();
    }

    settle(first, typed, found) {
      const held = this.held;
      this.waiting -= 1;
      if (first) {
        this.set(first.id, true, first.text);
        if (!held || this.waiting) return;
      } else if (!this.input.value) {
        this.input.value = typed;
        if (document.activeElement === this.input) this.offer(found, typed);
      }
      this.held = null;
      if (first) held.form.requestSubmit(held.submitter);
      else if (held) this.input.focus();
    }

    hold(event) {
      if (!this.waiting) return;
      event.preventDefault();
      this.held = { form: event.target, submitter: event.submitter };
    }

    local(typed) {
      return [...this.select.options].filter((o) => o.text.toLowerCase().includes(typed)).map((o) => ({ id: o.value, text: o.text }));
    }

    async search(typed) {
      const url = new URL(this.select.dataset.searchUrl, location.href);
      url.searchParams.set("q", typed);
      try {
        const answer = await (await fetch(url, { credentials: "same-origin" })).json();
        return answer.results.map(({ id, text }) => ({ id: String(id), text }));
      } catch {
        return [];
      }
    }

    open(choices, typed) {
      const rows = choices.slice(0, 50).map(({ id, text }, index) =>
        make("li", { role: "option", id: `${this.listId}-${index}`, "data-value": id, "aria-selected": "false" }, text));
      if (!rows.length && typed) rows.push(make("li", { class: "quiet", role: "presentation" }, "Nothing matches."));
      this.list.replaceChildren(...rows);
      this.list.hidden = !rows.length;
      this.input.setAttribute("aria-expanded", String(!this.list.hidden));
      this.point(typed ? this.list.querySelector("[role=option]") : null);
    }

    close() {
      this.list.hidden = true;
      this.input.value = "";
      this.input.setAttribute("aria-expanded", "false");
      this.point(null);
    }

    point(option) {
      this.list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
      this.input.removeAttribute("aria-activedescendant");
      if (!option) return;
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", option.id);
    }

    choose(option) {
      this.set(option.dataset.value, true, option.textContent);
      this.input.value = "";
      if ("one" in this.select.dataset) this.close();
      else this.ask();
    }

    key(event) {
      const current = this.list.querySelector("[aria-selected=true]");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (this.list.hidden) return void this.ask();
        const options = [...this.list.querySelectorAll("[role=option]")];
        const step = event.key === "ArrowDown" ? 1 : -1;
        this.point(options.at((options.indexOf(current) + step + (current || step > 0 ? 0 : 1)) % options.length));
      } else if (event.key === "Enter" && (!this.list.hidden || this.input.value.trim())) {
        event.preventDefault();
        if (current) this.choose(current);
        else if (this.asked?.typed) this.hurry();
      } else if (event.key === "Escape" && !this.list.hidden) {
        event.stopPropagation();
        this.close();
      } else if (event.key === "Backspace" && !this.input.value && this.select.selectedOptions.length) {
        this.set([...this.select.selectedOptions].at(-1).value, false);
      }
    }
  }

  document.querySelectorAll("select[multiple][data-chips]").forEach((select) => new Chips(select));
}
