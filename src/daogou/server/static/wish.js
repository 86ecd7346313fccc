// What the address of a search page asks for, and how the API is asked for it.

import { search } from "./api.js";

export const PAGE = 24;
export const SEPARATOR = " > ";
const MOST_AT_ONCE = 96; // the API gives 100 products at most
const CATEGORIES = 300;
/** Facets of which several values can be chosen; their keys are also those of the address. */
export const CHOICES = ["price", "brand", "discount", "rating"];
/** Orders that can be asked for; "" is the one that the query asks for, else relevance. */
export const SORTS = ["", "price", "price desc", "discount desc", "rating desc", "ratingCount desc", "published desc"];
const AMOUNTS = ["price", "discount"];
const INTERVALS = { rating: [{ minimum: 4 }, { minimum: 3, exclusiveMaximum: 4 }, { exclusiveMaximum: 3 }] };

/**
 * What a search page shows, by default nothing in particular. `without` holds ids of what was
 * read out of the query and is not meant; `verbatim` searches for the query as it is spelt;
 * `pages` is how many pages of results stand below one another.
 */
export const NOTHING_ASKED = { q: "", category: "", price: [], brand: [], discount: [], rating: [], sort: "", without: [], verbatim: false, pages: 1 };
/** The change of a wish that takes away its filters. */
export const UNFILTERED = { category: "", price: [], brand: [], discount: [], rating: [] };

export const isFiltered = (wish) => Boolean(wish.category) || CHOICES.some((key) => wish[key].length > 0);

export function readAddress() {
  const query = new URLSearchParams(location.search);
  return {
    q: query.get("q")?.trim() ?? "",
    category: query.get("category") ?? "",
    ...Object.fromEntries(CHOICES.map((key) => [key, query.getAll(key)])),
    sort: SORTS.find((sort) => sort === query.get("sort")) ?? "",
    without: query.getAll("without"),
    verbatim: query.has("verbatim"),
    pages: Math.max(1, Number.parseInt(query.get("pages"), 10) || 1),
  };
}

export function address(wish) {
  const query = new URLSearchParams();
  if (wish.q) query.set("q", wish.q);
  if (wish.category) query.set("category", wish.category);
  for (const key of [...CHOICES, "without"]) for (const value of wish[key]) query.append(key, value);
  if (wish.sort) query.set("sort", wish.sort);
  if (wish.verbatim) query.set("verbatim", "1");
  if (wish.pages > 1) query.set("pages", wish.pages);
  return `/search?${query}`;
}

// ---- values and intervals, in the filter language and in the address

const quoted = (value) => `"${value.replaceAll(/[\\"]/g, "\\$&")}"`;

/** The value of a filter on just one, `brand: ANY("Acme")`; null of any other filter. */
export function soleValue(filter) {
  const found = filter.match(/^\w+: ANY\("((?:[^"\\]|\\.)*)"\)$/);
  return found && found[1].replaceAll(/\\(.)/g, "$1");
}

/** An interval of a facet as the address has it: "200-500", "-200", "500-"; amounts are in minor units. */
export const intervalText = ({ minimum, exclusiveMaximum }) => `${minimum ?? ""}-${exclusiveMaximum ?? ""}`;

/** [low, high] of such a text, undefined where it is open. */
export function edges(text) {
  const [low, high] = text.split("-").map((edge) => (/^\d+(\.\d+)?$/.test(edge) ? Number(edge) : undefined));
  return [low, high];
}

function condition(key, values, units) {
  if (key === "brand") return `brand: ANY(${values.map(quoted).join(", ")})`;
  const scale = AMOUNTS.includes(key) ? units : 1;
  const bound = (edge) => (edge === undefined ? "*" : edge / scale);
  const ranges = values.map((value) => {
    const [low, high] = edges(value);
    return `${key}: IN(${bound(low)}, ${bound(high)})`;
  });
  return `(${ranges.join(" OR ")})`;
}

function filter(wish, units) {
  return [
    wish.category && `categories: ANY(${quoted(wish.category)})`,
    ...CHOICES.map((key) => wish[key].length > 0 && condition(key, wish[key], units)),
  ].filter(Boolean).join(" AND ");
}

// ---- what the API is asked

/** A facet is counted as if nothing of it were chosen, so that more of it can be. */
const FACETS = [
  { facetKey: { key: "categories" }, limit: CATEGORIES },
  ...CHOICES.map((key) => ({ facetKey: { key, intervals: INTERVALS[key] ?? [] }, excludedFilterKeys: [key] })),
];

const request = (wish, units) => ({
  query: wish.q,
  filter: filter(wish, units),
  orderBy: wish.sort,
  removedConstraints: wish.without,
  spellCorrectionSpec: { mode: wish.verbatim ? "SUGGESTION_ONLY" : "AUTO" },
});

/** How many products the first answer to a wish should have. */
export const firstCount = (wish) => Math.min(wish.pages * PAGE, MOST_AT_ONCE);

/** The first results of a wish, with `facets` as a Map from key to values. `units` make a major unit of money. */
export async function firstPage(wish, units) {
  const answer = await search({ ...request(wish, units), pageSize: firstCount(wish), facetSpecs: FACETS });
  return { ...answer, facets: new Map(answer.facets.map(({ key, values }) => [key, values])) };
}

/** The results after those of an answer. */
export function nextPage(wish, units, { nextPageToken }) {
  return search({ ...request(wish, units), pageSize: PAGE, pageToken: nextPageToken });
}
