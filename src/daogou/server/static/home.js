// Home: what this visitor may want, and the shop's categories.

import { recommend } from "./api.js";
import { hue, shelf } from "./cards.js";
import { announce, h, hidden, replace } from "./dom.js";
import { record } from "./events.js";
import { counted, t } from "./words.js";

const SHOWN = 12;

export async function homePage({ main, shop, title }) {
  title("");
  const shelves = homeShelves();
  replace(
    main,
    h("div", { class: "hero" }, h("h1", {}, t("home.title")), h("p", {}, t("home.lead"))),
    shelves.elements[0],
    departments(shop),
    shelves.elements.slice(1),
  );
  await record("home-page-view");
  await shelves.refresh();
}

/** The shop's outermost categories, each a link; null where there is none. */
export function departments(shop) {
  if (shop.categories.length === 0) return null;
  return h(
    "section",
    { class: "categories", "aria-labelledby": "categories-title" },
    h("h2", { id: "categories-title" }, t("home.categories")),
    h(
      "ul",
      {},
      shop.categories.map(({ category, count, emoji }) =>
        h(
          "li",
          { "--hue": hue(category) },
          h(
            "a",
            { href: `/search?${new URLSearchParams({ category })}` },
            h("span", { class: "emoji", "aria-hidden": "true" }, emoji ?? "🛍️"),
            h("span", { class: "name" }, category),
            h("span", { class: "muted small" }, hidden(", "), counted("products", count)),
          ),
        ),
      ),
    ),
  );
}

/** What the shop's visitors buy, without what stands on other shelves of the page. */
export function popularShelf({ except = new Set(), onchange } = {}) {
  return shelf({
    id: "popular",
    title: t("shelf.popular"),
    placement: "popular",
    dismissable: false,
    fetch: async () => {
      const list = await recommend("home", { pageSize: SHOWN * 3, anonymous: true });
      return { ...list, results: list.results.filter(({ id }) => !except.has(id)).slice(0, SHOWN) };
    },
    onchange,
  });
}

function homeShelves() {
  const onchange = async () => {
    await refresh();
    announce(t("shelf.updated"));
  };
  const shown = new Set();
  const forYou = shelf({
    id: "for-you",
    title: t("shelf.forYou"),
    note: t("shelf.forYou.note"),
    placement: "home",
    fetch: () => recommend("home", { pageSize: SHOWN }),
    onchange,
  });
  const buyAgain = shelf({
    id: "buy-again",
    title: t("shelf.buyAgain"),
    note: t("shelf.buyAgain.note"),
    placement: "buy-again",
    fetch: () => recommend("buy-again", { pageSize: SHOWN }),
    onchange,
  });
  const popular = popularShelf({ except: shown, onchange });

  async function refresh() {
    const above = await Promise.all([forYou.refresh(), buyAgain.refresh()]);
    shown.clear();
    for (const list of above) for (const { id } of list.results) shown.add(id);
    await popular.refresh();
  }
  return { elements: [forYou, buyAgain, popular].map((s) => s.element), refresh };
}
