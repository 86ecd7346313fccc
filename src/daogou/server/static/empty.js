// A page without results still leads somewhere.

import { h } from "./dom.js";
import { departments, popularShelf } from "./home.js";
import { withoutButtons } from "./understood.js";
import { isFiltered, UNFILTERED } from "./wish.js";
import { t } from "./words.js";

/** {inPlace, below}: what stands in the place of the results, and what comes below them. */
export function nothingFound(wish, answer, go, shop) {
  const ways = [
    ...withoutButtons(wish, answer, go),
    isFiltered(wish) && h("button", { type: "button", class: "button", onclick: () => go(UNFILTERED) }, t("search.clear")),
  ].filter(Boolean);
  const popular = popularShelf();
  popular.refresh();
  return {
    inPlace: h(
      "div",
      { class: "empty" },
      h("p", { class: "emoji", "aria-hidden": "true" }, "🔎"),
      h("p", {}, t("search.nothing")),
      ways.length > 0 ? h("div", { class: "actions" }, ways) : h("p", {}, t("search.nothing.hint")),
    ),
    below: [departments(shop), popular.element],
  };
}
