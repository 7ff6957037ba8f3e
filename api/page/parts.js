// Small parts of the page. Text from the chain is always set as text, never as markup.

/** An element: el("td", {class: "number"}, "12", child). */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(key, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A hash or address, shortened; the whole of it is its title. */
export function short(text) {
  if (!text) return el("span", { class: "quiet" }, "–");
  const shown = text.startsWith("0x") ? `${text.slice(0, 6)}…${text.slice(-4)}` : `${text.slice(0, 8)}…${text.slice(-4)}`;
  return el("span", { class: "mono", title: text }, shown);
}

/** Exact decimal text of base units, digits grouped, two decimals or as many as it takes: decimal("1234500000", 6) is "1,234.50". */
export function decimal(base, places) {
  const digits = BigInt(base).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, ",");
  return places ? `${whole}.${digits.slice(-places).replace(/^(\d\d+?)0+$/, "$1")}` : whole;
}

export function tag(text, mood = "") {
  return el("span", { class: `tag ${mood}` }, text);
}

export function empty(...children) {
  return el("p", { class: "empty" }, ...children);
}

/** A table; a column is [title, row => cell, "number" for right-aligned]. The first column heads its row. */
export function table(caption, columns, rows) {
  const heads = columns.map(([title, , kind]) => el("th", { scope: "col", class: kind }, title));
  const lines = rows.map((row) =>
    el("tr", {}, columns.map(([, cell, kind], index) =>
      index ? el("td", { class: kind }, cell(row)) : el("th", { scope: "row", class: kind }, cell(row)))));
  return el("div", { class: "scroll", tabindex: "0" }, el("table", {},
    caption ? el("caption", {}, caption) : null, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, lines)));
}

export function card(heading, ...children) {
  return el("article", { class: "card" }, heading ? el("header", {}, heading) : null, children);
}
