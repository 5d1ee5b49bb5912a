"use strict";
// Sorting, filtering and folds. The page is whole without this script, which makes every control
// itself; what it shows it sets as text, never as markup.
(() => {
  const NOTHING = new Set(["", "–", "-", "~"]);
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const collator = new Intl.Collator("en", { numeric: true });

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // What moves and hides as one: a row, or in a table of class `grouped` a <tbody> of rows.
  const unitsOf = (table) => {
    const bodies = [...table.tBodies];
    const grouped = bodies.length > 1 || table.classList.contains("grouped");
    return grouped ? bodies : bodies.flatMap((body) => [...body.rows]);
  };

  const textOf = (unit, column) => {
    const cell = (unit.rows?.[0] ?? unit).cells[column];
    const text = (cell?.dataset.value ?? cell?.textContent ?? "").trim();
    return NOTHING.has(text) ? "" : text;
  };

  const plain = (text) => text.replaceAll(",", "").replace("−", "-").replace(/^[<>≤≥≈±\s]+/, "");

  // The first number of each cell, or its text; what is missing is NaN or "".
  const keysOf = (units, column, header) => {
    const texts = units.map((unit) => textOf(unit, column));
    const numbers = texts.map((text) => Number.parseFloat(plain(text)));
    const known = texts.filter((text) => text !== "");
    const numeric =
      header.classList.contains("number") || known.every((text) => !Number.isNaN(+plain(text)));
    return numeric ? numbers : texts;
  };

  const isMissing = (key) => key === "" || Number.isNaN(key);

  // Sorts stably and from the original order, so equal rows stay as they were; missing ones last.
  const arrange = (units, keys, direction) => {
    const sign = direction === "descending" ? -1 : 1;
    const compare = (a, b) => (typeof a === "number" ? a - b : collator.compare(a, b));
    const order = units.map((_, position) => position);
    if (direction !== "none") {
      order.sort((a, b) => {
        const missing = isMissing(keys[a]) - isMissing(keys[b]);
        return missing || (isMissing(keys[a]) ? 0 : sign * compare(keys[a], keys[b]));
      });
    }
    units[0].parentNode.append(...order.map((position) => units[position]));
  };

  const makeSortable = (table) => {
    const units = unitsOf(table);
    if (units.length < 2) return;
    const headers = [...table.tHead.rows].at(-1).cells;
    let column = 0;
    for (const header of headers) {
      const position = column;
      column += header.colSpan;
      if (header.colSpan > 1 || header.textContent.trim() === "") continue;
      const button = make("button", { type: "button", class: "sort" });
      // A link inside a button could not be followed: then the button stands beside it.
      if (header.querySelector("a")) button.ariaLabel = `Sort by ${header.textContent.trim()}`;
      else button.append(...header.childNodes);
      header.append(button);
      header.ariaSort = "none";
      button.addEventListener("click", () => {
        const direction = NEXT[header.ariaSort];
        for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.ariaSort = "none";
        header.ariaSort = direction;
        arrange(units, keysOf(units, position, header), direction);
      });
    }
  };

  const makeFilterable = (table) => {
    const units = unitsOf(table);
    if (units.length < 2) return;
    const noun = table.dataset.noun ?? "rows";
    const search = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const only = make("input", { type: "checkbox" });
    const count = make("span", { role: "status", "aria-live": "polite" }, `${units.length} ${noun}`);
    const tools = make("div", { class: "tools" }, make("label", {}, `Filter ${noun} `, search));
    const problems = units.filter((unit) => unit.matches("[data-problem]")).length;
    if (problems > 0) tools.append(make("label", {}, only, ` only with problems (${problems})`));
    tools.append(count);

    let texts = null; // read when the first word is typed
    const apply = () => {
      texts ??= units.map((unit) => {
        const cells = [...unit.querySelectorAll("th, td")];
        return cells.map((cell) => cell.textContent).join(" ").toLowerCase();
      });
      const words = search.value.toLowerCase().split(/\s+/);
      let shown = 0;
      units.forEach((unit, position) => {
        const wanted = !only.checked || unit.matches("[data-problem]");
        unit.hidden = !(wanted && words.every((word) => texts[position].includes(word)));
        shown += unit.hidden ? 0 : 1;
      });
      count.textContent = `${shown === units.length ? "" : `${shown} of `}${units.length} ${noun}`;
    };
    search.addEventListener("input", apply);
    only.addEventListener("change", apply);
    tools.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      search.value = "";
      only.checked = false;
      apply();
    });
    (table.closest(".scroll") ?? table).before(tools);
  };

  const makeFoldable = (box) => {
    const folds = box.querySelectorAll(":scope > details");
    if (folds.length < 2) return;
    const button = (text, open) => {
      const made = make("button", { type: "button" }, text);
      made.addEventListener("click", () => folds.forEach((fold) => (fold.open = open)));
      return made;
    };
    box.before(make("div", { class: "tools" }, button("Open all", true), button("Close all", false)));
  };

  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    let fold = target?.closest("details");
    if (!fold) return;
    for (; fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };

  document.querySelectorAll("table.sortable").forEach(makeSortable);
  document.querySelectorAll("table.filterable").forEach(makeFilterable);
  document.querySelectorAll(".folds").forEach(makeFoldable);
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link?.hash === location.hash) reveal(); // no hash changes, so no other event comes
    const contents = link?.closest(".contents details");
    if (contents) contents.open = false; // it would cover what the link leads to
  });
  reveal();
})();
