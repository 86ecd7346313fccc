// Narrowing: the tree of categories, choices of brands and amounts, and what is chosen of them.

import { h, icon } from "./dom.js";
import { address, CHOICES, edges, intervalText, readAddress, SEPARATOR, UNFILTERED } from "./wish.js";
import { money, number, t } from "./words.js";

const BRIEF = 8;

/** All facets of an answer, as elements; the category of `wish` is as `categoryHere` has it. */
export function facetPanel(wish, answer, go, currency) {
  return [categoryFacet(wish, answer, go), ...CHOICES.map((key) => choiceFacet(key, wish, answer, go, currency))];
}

const legends = () => ({ price: t("facets.price"), brand: t("facets.brand"), discount: t("facets.discount"), rating: t("facets.rating") });

// ---- categories

/** A link that changes the address without leaving the page; it opens in a new tab like any other. */
function link(change, go, properties, ...children) {
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(change);
  };
  return h("a", { href: address({ ...readAddress(), pages: 1, ...change }), onclick: follow, ...properties }, ...children);
}

const depth = (path) => path.split(SEPARATOR).length;

/** The path of the chosen category as the language of the page writes it, "" where none is chosen. */
export function categoryHere({ category }, { facets, totalSize, relaxations = [] }) {
  const setAside = relaxations.some(({ applied, removed }) => applied && removed.length === 0);
  if (!category || setAside) return category;
  // An address may have it in the other language. All matches are in it, so its count tells.
  const found = facets.get("categories")?.find(({ value, count }) => depth(value) === depth(category) && count === totalSize);
  return found?.value ?? category;
}

function categoryFacet({ category: here }, answer, go) {
  const values = answer.facets.get("categories") ?? [];
  const within = (path, outer) => path.startsWith(outer + SEPARATOR);
  const below = values.filter(({ value }) => (here ? within(value, here) && depth(value) === depth(here) + 1 : depth(value) === 1));
  if (!here && below.length === 0) return null;
  const trail = here ? here.split(SEPARATOR) : [];
  const item = (path, label, { level, current, count }) =>
    h("li", { "data-id": `category:${path}`, "--depth": level }, link({ category: path }, go, { "aria-current": current ? "true" : null }, h("span", {}, label), count !== undefined && h("span", { class: "count" }, number(count))));
  const items = [
    here && item("", t("facets.allCategories"), { level: 0 }),
    trail.map((label, place) => item(trail.slice(0, place + 1).join(SEPARATOR), label, { level: place, current: place === trail.length - 1 })),
    below.map(({ value, count }) => item(value, value.split(SEPARATOR).at(-1), { level: trail.length, count })),
  ].flat().filter(Boolean);
  return h("section", { class: "facet" }, h("h2", {}, t("facets.category")), folded(items, BRIEF + trail.length, "tree"));
}

// ---- choices

function choiceFacet(key, wish, answer, go, currency) {
  const chosen = wish[key];
  const told = (answer.facets.get(key) ?? []).map(({ value, interval, count }) => ({ value: value ?? intervalText(interval), count }));
  // A choice that matches nothing any more still has to be there to be undone.
  const lost = chosen.filter((value) => !told.some((o) => o.value === value)).map((value) => ({ value, count: 0 }));
  const options = [...told, ...lost].filter(({ value, count }) => count > 0 || chosen.includes(value));
  if (options.length === 0) return null;
  const toggle = ({ target }) => go({ [key]: target.checked ? [...chosen, target.value] : chosen.filter((other) => other !== target.value) });
  const items = options.map(({ value, count }) =>
    h(
      "li",
      { "data-id": `${key}:${value}` },
      h("label", {}, h("input", { type: "checkbox", class: "choice", name: key, value, checked: chosen.includes(value), onchange: toggle }), h("span", {}, choiceLabel(key, value, currency)), h("span", { class: "count" }, number(count))),
    ),
  );
  return h("fieldset", { class: "facet" }, h("legend", {}, legends()[key]), folded(items, BRIEF, ""));
}

function choiceLabel(key, value, currency) {
  if (key === "brand") return value;
  const [low, high] = edges(value);
  const said = (edge) => (key === "rating" ? `${number(edge)} ★` : money({ amount: edge, currency }));
  if (!low) return high === undefined ? t("price.any") : t("price.under", { high: said(high) });
  if (high === undefined) return t("price.from", { low: said(low) });
  return t("price.between", { low: said(low), high: said(high) });
}

/** A list of which the end is folded away. */
function folded(items, brief, style) {
  if (items.length <= brief + 1) return h("ul", { class: style }, items);
  const rest = items.slice(brief);
  const open = rest.some((item) => item.querySelector("input:checked"));
  return [h("ul", { class: style }, items.slice(0, brief)), h("details", { class: "more", open }, h("summary", {}, t("facets.more", { count: rest.length })), h("ul", { class: style }, rest))];
}

// ---- what is chosen

/** A chip for every filter that is on, each of which takes it off, and one that takes all off. */
export function filterChips(wish, go, currency) {
  const chip = (id, label, change) =>
    h("li", { "data-id": `chip:${id}` }, h("button", { type: "button", class: "chip", "aria-label": t("search.remove", { label }), onclick: () => go(change) }, label, icon("close")));
  const chips = [
    wish.category && chip("category", wish.category.split(SEPARATOR).at(-1), { category: "" }),
    ...CHOICES.flatMap((key) => wish[key].map((value) => chip(`${key}:${value}`, choiceLabel(key, value, currency), { [key]: wish[key].filter((other) => other !== value) }))),
  ].filter(Boolean);
  const clear = chips.length > 1 && h("li", {}, h("button", { type: "button", class: "chip plain", onclick: () => go(UNFILTERED) }, t("search.clear")));
  return [...chips, clear];
}
