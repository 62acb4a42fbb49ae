(() => {
  "use strict";
  const table = document.getElementById("findings");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const byId = (id) => document.getElementById(id);
  const search = byId("search"), severity = byId("severity"), origin = byId("origin");
  const exploited = byId("exploited"), fixable = byId("fixable"), violating = byId("violating");
  const status = byId("shown"), more = byId("more");
  const PAGE = 300;
  const collator = new Intl.Collator("en", { numeric: true });
  // Rows that are not shown are not in the document, so that a report of thousands stays quick.
  const all = Array.from(body.rows, (row, at) => ({
    row,
    at,
    text: row.textContent.toLowerCase(),
    keys: Array.from(row.cells, (cell) =>
      cell.dataset.s === undefined ? cell.textContent : Number(cell.dataset.s)),
    ...row.dataset,
  }));
  let column = -1, direction = 1, limit = PAGE;

  const compare = (a, b) => {
    const x = a.keys[column], y = b.keys[column];
    const order = typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y));
    return order * direction || a.at - b.at;
  };

  const draw = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((item) =>
      (!severity.value || item.severity === severity.value) &&
      (!origin || !origin.value || item.origin === origin.value) &&
      (!exploited.checked || item.kev === "1") &&
      (!fixable.checked || item.fix === "1") &&
      (!violating || !violating.checked || item.violates === "1") &&
      words.every((word) => item.text.includes(word)));
    if (column >= 0) found.sort(compare);
    body.replaceChildren(...found.slice(0, limit).map((item) => item.row));
    body.classList.remove("wait");
    const shown = Math.min(limit, found.length);
    const number = (value) => value.toLocaleString("en");
    status.textContent = shown === all.length
      ? `${number(all.length)} findings`
      : `${number(shown)} shown of ${number(found.length)} that match; ${number(all.length)} findings in all`;
    more.hidden = shown >= found.length;
    more.textContent = `Show all ${number(found.length)}`;
  };

  heads.forEach((head, at) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      // Numbers are of interest from the top, words from the beginning.
      const first = head.classList.contains("n") || head.dataset.down !== undefined ? -1 : 1;
      direction = column === at ? -direction : first;
      column = at;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      draw();
    });
  });
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { limit = PAGE; draw(); }, 120);
  });
  for (const control of [severity, origin, exploited, fixable, violating]) {
    if (control) control.addEventListener("change", () => { limit = PAGE; draw(); });
  }
  more.addEventListener("click", () => { limit = Infinity; draw(); });
  // Paper has no button to show the rest.
  window.addEventListener("beforeprint", () => { limit = Infinity; draw(); });
  draw();
})();
