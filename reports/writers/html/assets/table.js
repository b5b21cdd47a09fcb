"use strict";
// Sorting, filtering and paging. Rows are moved, never written: what the page holds as text stays text.
for (const box of document.querySelectorAll(".sortable")) {
  const table = box.querySelector("table");
  const body = table.tBodies[0];
  const waiting = box.querySelector("template");
  const controls = box.querySelector(".controls");
  const pages = box.querySelector(".pages");
  const heads = [...table.tHead.rows[0].cells];
  const size = Number(box.dataset.page);
  const later = waiting ? [...waiting.content.children] : [];
  const all = [...body.rows, ...later];
  const words = (cell) => (cell.querySelector(".name") || cell).textContent;
  let order = all;
  let page = 0;

  for (const row of later) heads.forEach((head, place) => { row.cells[place].className = head.className; });
  for (const row of all) {
    const copy = row.querySelector(".copy");
    const named = [...row.cells].slice(0, Number(box.dataset.named)).map((cell) => cell.textContent);
    if (copy) copy.setAttribute("aria-label", `Copy the command of ${named.join(" ")}`);
  }

  // Numbers before texts, and what is missing (null) behind both, whichever way the column is sorted.
  const key = (cell) => {
    if (cell.dataset.v === undefined) return cell.textContent === "–" ? null : cell.textContent;
    return cell.dataset.v === "" ? null : Number(cell.dataset.v);
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a.localeCompare(b, "en", { numeric: true });
  };

  function sort(place, descending) {
    const keyed = all.map((row, index) => ({ row, index, key: key(row.cells[place]) }));
    const sign = descending ? -1 : 1;
    keyed.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.index - b.index;
      return sign * compare(a.key, b.key) || a.index - b.index;
    });
    order = keyed.map((entry) => entry.row);
    for (const head of heads) if (head.ariaSort) head.ariaSort = "none";
    heads[place].ariaSort = descending ? "descending" : "ascending";
    page = 0;
    show();
  }

  function passing() {
    const field = controls.querySelector("[data-searched]");
    const sought = field ? field.value.trim().toLowerCase().split(/\s+/).filter(Boolean) : [];
    const searched = field ? field.dataset.searched.split(" ").map(Number) : [];
    const chosen = [...controls.querySelectorAll("[data-column]")].filter((choice) => choice.value !== "");
    return order.filter((row) => {
      if (!chosen.every((choice) => words(row.cells[Number(choice.dataset.column)]) === choice.value)) return false;
      const text = sought.length ? searched.map((place) => row.cells[place].textContent).join(" ").toLowerCase() : "";
      return sought.every((word) => text.includes(word));
    });
  }

  function show() {
    const kept = passing();
    const last = Math.max(0, Math.ceil(kept.length / size) - 1);
    page = Math.min(Math.max(page, 0), last);
    const shown = kept.slice(page * size, (page + 1) * size);
    body.replaceChildren(...shown);
    controls.querySelector("output").textContent = `${kept.length} of ${all.length} rows`;
    if (!pages) return;
    pages.hidden = last === 0;
    pages.querySelector(".where").textContent = `rows ${page * size + 1} to ${page * size + shown.length}`;
    pages.querySelector('[data-turn="-1"]').disabled = page === 0;
    pages.querySelector('[data-turn="1"]').disabled = page === last;
  }

  heads.forEach((head, place) => {
    const button = head.querySelector("button");
    if (button) button.addEventListener("click", () => sort(place, head.ariaSort === "ascending"));
  });
  function chosen(event) {
    if (event.target.dataset.view !== undefined) box.dataset.view = event.target.value;
    page = 0;
    show();
  }
  for (const field of controls.querySelectorAll("input")) field.addEventListener("input", chosen);
  for (const choice of controls.querySelectorAll("select")) choice.addEventListener("change", chosen);
  if (pages) {
    pages.addEventListener("click", (event) => {
      page += Number(event.target.dataset.turn || 0);
      show();
    });
  }
  const view = controls.querySelector("[data-view]");
  if (view) box.dataset.view = view.value;
  controls.hidden = !controls.querySelector("input, select"); // a count alone says nothing new
  show();
}
