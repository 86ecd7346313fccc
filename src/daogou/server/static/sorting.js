// The order of the results: as chosen, or as the query asks for it.

import { h, replace } from "./dom.js";
import { SORTS } from "./wish.js";
import { t } from "./words.js";

const names = () => ({
  "": t("sort.relevance"),
  price: t("sort.price"),
  "price desc": t("sort.price desc"),
  "discount desc": t("sort.discount"),
  "rating desc": t("sort.rating"),
  "ratingCount desc": t("sort.ratingCount"),
  "published desc": t("sort.published"),
});
/** Offered in every shop; the others where products have something to sort by. */
const ALWAYS = ["", "price", "price desc"];

/** The control as {element, show}; `choose` is told which order was chosen, "" for relevance. */
export function sortControl(choose) {
  const select = h("select", { id: "sort", onchange: () => choose(select.value) });

  function show(wish, { facets, understanding }) {
    const inForce = wish.sort || understanding?.sort?.orderBy || "";
    const offered = SORTS.filter((order) => ALWAYS.includes(order) || order === inForce || facets.get(order.split(" ")[0])?.some(({ count }) => count > 0));
    const name = names();
    replace(select, offered.map((order) => h("option", { value: order }, name[order])));
    select.value = inForce;
  }

  show({ sort: "" }, { facets: new Map() });
  return { element: h("div", { class: "sort" }, h("label", { for: "sort" }, t("sort")), select), show };
}
