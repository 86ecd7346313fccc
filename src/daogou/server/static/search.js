// Search and browse: facets, sorting, paging. The address says it all, so Back works.

import { search } from "./api.js";
import { card, failure, keepingFocus, skeletons } from "./cards.js";
import { announce, h, icon, replace } from "./dom.js";
import { record } from "./events.js";
import { counted, minorUnits, money, number, t } from "./words.js";

const PAGE = 24;
const SEPARATOR = " > ";
const BRIEF = 8;
const SORTS = ["", "price", "price desc"];
const FACETS = ["categories", "brand", "price"];

// ---- what the address asks for

function readAddress() {
  const query = new URLSearchParams(location.search);
  return {
    q: query.get("q")?.trim() ?? "",
    category: query.get("category") ?? "",
    brands: query.getAll("brand"),
    prices: query.getAll("price"),
    sort: SORTS.includes(query.get("sort")) ? query.get("sort") : "",
    page: Math.max(1, Number.parseInt(query.get("page"), 10) || 1),
  };
}

function address({ q, category, brands, prices, sort, page }) {
  const query = new URLSearchParams();
  if (q) query.set("q", q);
  if (category) query.set("category", category);
  for (const brand of brands) query.append("brand", brand);
  for (const price of prices) query.append("price", price);
  if (sort) query.set("sort", sort);
  if (page > 1) query.set("page", page);
  return `/search?${query}`;
}

// ---- what the API is asked

const quoted = (value) => `"${value.replaceAll(/[\\"]/g, "\\$&")}"`;

/** The filter of a wish, without the part of one facet. */
function filter({ category, brands, prices }, units, without) {
  const parts = [];
  if (category && without !== "categories") parts.push(`categories: ANY(${quoted(category)})`);
  if (brands.length && without !== "brand") parts.push(`brand: ANY(${brands.map(quoted).join(", ")})`);
  if (prices.length && without !== "price") {
    const ranges = prices.map((price) => {
      const [low, high] = price.split("-").map((edge) => (/^\d+$/.test(edge) ? Number(edge) / units : "*"));
      return `price: IN(${low}, ${high ?? "*"})`;
    });
    parts.push(`(${ranges.join(" OR ")})`);
  }
  return parts.join(" AND ");
}

/** One page of results; a facet in use is counted without its own choice, so that more can be chosen. */
async function fetchPage(wish, units) {
  const used = [wish.brands.length && "brand", wish.prices.length && "price"].filter(Boolean);
  const ask = (without, pageSize, keys) =>
    search({
      query: wish.q,
      filter: filter(wish, units, without),
      orderBy: wish.sort,
      pageSize,
      offset: without ? 0 : (wish.page - 1) * PAGE,
      facetSpecs: keys.map((key) => ({ facetKey: { key } })),
    });
  const [answer, ...wider] = await Promise.all([
    ask(null, PAGE, FACETS.filter((key) => !used.includes(key))),
    ...used.map((key) => ask(key, 1, [key])),
  ]);
  const facets = new Map([answer, ...wider].flatMap(({ facets }) => facets.map((f) => [f.key, f.values])));
  return { ...answer, facets };
}

// ---- the page

export async function searchPage({ main, shop, title }) {
  const units = minorUnits(shop.currencyCode);
  const heading = h("h1", { tabindex: "-1" });
  const count = h("p", { class: "muted", id: "count" });
  const note = h("p", { class: "notice", hidden: true });
  const chips = h("ul", { class: "chips", "aria-label": t("search.chosen") });
  const sort = h("select", { id: "sort", onchange: () => go({ sort: sort.value, page: 1 }) }, SORTS.map((value) => h("option", { value }, t(`sort.${value || "relevance"}`))));
  const facets = h("div", { class: "facets" });
  const drawer = h("details", { class: "drawer", open: matchMedia("(min-width: 60rem)").matches }, h("summary", {}, t("facets")), facets);
  const results = h("ul", { class: "grid" });
  const pages = h("nav", { class: "pages", "aria-label": t("pages") });
  let latest = 0;

  replace(
    main,
    h("div", { class: "search-head" }, h("div", {}, heading, count), h("div", { class: "sort" }, h("label", { for: "sort" }, t("sort")), sort)),
    note,
    chips,
    h("div", { class: "search-body" }, h("aside", { "aria-label": t("facets") }, drawer), h("section", { "aria-label": t("search.results") }, results, pages)),
  );

  async function go(change, { top = false } = {}) {
    history.pushState(null, "", address({ ...readAddress(), ...change }));
    await show();
    if (top) {
      scrollTo({ top: 0 });
      heading.focus({ preventScroll: true });
    }
  }

  async function show({ report = false } = {}) {
    const mine = ++latest;
    const wish = readAddress();
    const name = wish.q || wish.category.split(SEPARATOR).at(-1) || t("search.all");
    title(name);
    heading.textContent = wish.q ? t("search.for", { query: wish.q }) : name;
    sort.value = wish.sort;
    results.setAttribute("aria-busy", "true");
    if (!results.hasChildNodes()) replace(results, skeletons(PAGE / 2));
    let answer;
    try {
      if (report) await reportVisit(wish);
      answer = await fetchPage(wish, units);
    } catch (error) {
      if (mine === latest) replace(results, h("li", { class: "wide" }, failure(error, () => show())));
      return;
    }
    if (mine !== latest) return; // a later click has overtaken this answer
    results.removeAttribute("aria-busy");
    count.textContent = counted("products", answer.totalSize);
    announce(counted("search.found", answer.totalSize));
    note.hidden = !answer.correctedQuery;
    if (answer.correctedQuery) note.textContent = t("search.corrected", { query: wish.q, corrected: answer.correctedQuery });
    keepingFocus(drawer, heading, () => replace(facets, categoryFacet(wish, answer, go), ...choiceFacets(wish, answer, go, shop)));
    keepingFocus(chips, heading, () => replace(chips, chosen(wish, go, shop)));
    replace(results, answer.results.length ? cards(answer, wish) : nothing(wish, go));
    replace(pages, pager(wish, answer.totalSize, go));
  }

  addEventListener("popstate", () => show());
  await show({ report: true });
}

function reportVisit(wish) {
  if (wish.q) return record("search", { query: wish.q });
  return wish.category ? record("category-page-view") : undefined;
}

function cards(answer, wish) {
  return answer.results.map(({ product, reasons }, place) =>
    card({
      product,
      // That it matches goes without saying here.
      reason: reasons.find(({ code }) => code !== "matches"),
      list: answer,
      level: 2,
      line: { id: product.id, position: (wish.page - 1) * PAGE + place, placement: "search" },
    }),
  );
}

function nothing(wish, go) {
  const narrowed = Boolean(wish.category || wish.brands.length || wish.prices.length);
  return h(
    "li",
    { class: "empty wide" },
    h("p", { class: "emoji", "aria-hidden": "true" }, "🔎"),
    h("p", {}, t("search.nothing")),
    narrowed && h("button", { type: "button", class: "button", onclick: () => go(UNFILTERED) }, t("search.clear")),
  );
}

const UNFILTERED = { category: "", brands: [], prices: [], page: 1 };

// ---- facets

/** A link that changes the address without leaving the page; it opens in a new tab like any other. */
function link(change, go, properties, ...children) {
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { top, ...wish } = change;
    go(wish, { top });
  };
  const { top, ...wish } = change;
  return h("a", { href: address({ ...readAddress(), ...wish }), onclick: follow, ...properties }, ...children);
}

function categoryFacet(wish, answer, go) {
  const values = answer.facets.get("categories") ?? [];
  const depth = (path) => path.split(SEPARATOR).length;
  const within = (path, outer) => path.startsWith(outer + SEPARATOR);
  // The chosen path may be written in the other language; all matches are in it, so its count tells.
  const here = wish.category
    ? values.find(({ value, count }) => depth(value) === depth(wish.category) && count === answer.totalSize)?.value ?? wish.category
    : "";
  const below = values.filter(({ value }) => (here ? within(value, here) && depth(value) === depth(here) + 1 : depth(value) === 1));
  if (!here && below.length === 0) return null;
  const trail = here ? here.split(SEPARATOR) : [];
  const item = (path, label, extra) =>
    h("li", { "data-id": `category:${path}`, "--depth": extra.depth }, link({ category: path, page: 1 }, go, { "aria-current": extra.current ? "true" : null }, h("span", {}, label), extra.count !== undefined && h("span", { class: "count" }, number(extra.count))));
  const items = [
    here && item("", t("facets.allCategories"), { depth: 0 }),
    trail.map((label, place) => item(trail.slice(0, place + 1).join(SEPARATOR), label, { depth: place, current: place === trail.length - 1 })),
    below.map(({ value, count }) => item(value, value.split(SEPARATOR).at(-1), { depth: trail.length, count })),
  ].flat().filter(Boolean);
  return h("section", { class: "facet" }, h("h2", {}, t("facets.category")), folded(items, BRIEF + trail.length, "tree"));
}

function choiceFacets(wish, answer, go, shop) {
  const brands = (answer.facets.get("brand") ?? []).map(({ value, count }) => ({ value, label: value, count }));
  const prices = (answer.facets.get("price") ?? []).map(({ interval, count }) => ({
    value: `${interval.minimum ?? ""}-${interval.exclusiveMaximum ?? ""}`,
    label: priceLabel(interval.minimum, interval.exclusiveMaximum, shop.currencyCode),
    count,
  }));
  return [
    choices("price", t("facets.price"), prices, wish.prices, (chosen) => go({ prices: chosen, page: 1 })),
    choices("brand", t("facets.brand"), brands, wish.brands, (chosen) => go({ brands: chosen, page: 1 })),
  ];
}

function priceLabel(low, high, currency) {
  const amount = (value) => money({ amount: Number(value), currency });
  if (!low) return t("price.under", { high: amount(high) });
  if (!high) return t("price.from", { low: amount(low) });
  return t("price.between", { low: amount(low), high: amount(high) });
}

function choices(key, legend, options, chosen, onchange) {
  // A choice that matches nothing any more still has to be there to be undone.
  const lost = chosen.filter((value) => !options.some((o) => o.value === value)).map((value) => ({ value, label: value, count: 0 }));
  const all = [...options, ...lost];
  if (all.length === 0) return null;
  const toggle = (value) => (event) =>
    onchange(event.target.checked ? [...chosen, value] : chosen.filter((other) => other !== value));
  const items = all.map(({ value, label, count }) =>
    h(
      "li",
      { "data-id": `${key}:${value}` },
      h("label", {}, h("input", { type: "checkbox", class: "choice", name: key, value, checked: chosen.includes(value), onchange: toggle(value) }), h("span", {}, label), h("span", { class: "count" }, number(count))),
    ),
  );
  return h("fieldset", { class: "facet" }, h("legend", {}, legend), folded(items, BRIEF, ""));
}

/** A list of which the end is folded away. */
function folded(items, brief, style) {
  if (items.length <= brief + 1) return h("ul", { class: style }, items);
  const rest = items.slice(brief);
  const open = rest.some((item) => item.querySelector("input:checked"));
  return [h("ul", { class: style }, items.slice(0, brief)), h("details", { class: "more", open }, h("summary", {}, t("facets.more", { count: rest.length })), h("ul", { class: style }, rest))];
}

function chosen(wish, go, shop) {
  const chip = (label, change) =>
    h("li", { "data-id": `chip:${label}` }, h("button", { type: "button", class: "chip", "aria-label": t("search.remove", { label }), onclick: () => go({ ...change, page: 1 }) }, label, icon("close")));
  const without = (values, value) => values.filter((other) => other !== value);
  const chips = [
    wish.category && chip(wish.category.split(SEPARATOR).at(-1), { category: "" }),
    ...wish.prices.map((price) => chip(priceLabel(...price.split("-"), shop.currencyCode), { prices: without(wish.prices, price) })),
    ...wish.brands.map((brand) => chip(brand, { brands: without(wish.brands, brand) })),
  ].filter(Boolean);
  const clear = chips.length > 1 && h("li", {}, h("button", { type: "button", class: "chip plain", onclick: () => go(UNFILTERED) }, t("search.clear")));
  return [...chips, clear];
}

// ---- pages

function pager(wish, total, go) {
  const last = Math.ceil(total / PAGE);
  if (last < 2) return null;
  const near = new Set([1, last, wish.page - 1, wish.page, wish.page + 1]);
  const numbers = [...near].filter((n) => n >= 1 && n <= last).sort((a, b) => a - b);
  const turn = (page, properties, ...label) => link({ page, top: true }, go, properties, ...label);
  const steps = numbers.flatMap((n, place) => [
    place > 0 && n - numbers[place - 1] > 1 && h("li", { "aria-hidden": "true" }, "…"),
    h("li", {}, turn(n, { "aria-label": t("pages.page", { page: n }), "aria-current": n === wish.page ? "page" : null }, String(n))),
  ]);
  return h(
    "ul",
    {},
    wish.page > 1 && h("li", {}, turn(wish.page - 1, { rel: "prev", "aria-label": t("pages.previous") }, icon("left"))),
    steps,
    wish.page < last && h("li", {}, turn(wish.page + 1, { rel: "next", "aria-label": t("pages.next") }, icon("right"))),
  );
}
