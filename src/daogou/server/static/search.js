// Search and browse. The address says all that is asked, so it can be shared, and Back works.

import { keepingFocus } from "./cards.js";
import { announce, h, replace } from "./dom.js";
import { nothingFound } from "./empty.js";
import { record } from "./events.js";
import { categoryHere, facetPanel, filterChips } from "./facets.js";
import { follow } from "./redirect.js";
import { Results } from "./results.js";
import { sortControl } from "./sorting.js";
import { byRelevance, notices, understoodChips } from "./understood.js";
import { address, firstCount, firstPage, nextPage, readAddress, SEPARATOR } from "./wish.js";
import { counted, minorUnits, t } from "./words.js";

export async function searchPage({ main, shop, title }) {
  const page = new SearchPage(shop, title);
  replace(main, page.elements);
  // A language switch makes the page anew; the one before must not answer any more.
  window.onpopstate = () => page.show();
  await page.show({ report: true });
}

class SearchPage {
  #shop;
  #title;
  #units;
  #answer = null;
  #latest = 0;
  #heading = h("h1", { tabindex: "-1" });
  #count = h("p", { class: "muted", id: "count" });
  #sort = sortControl((sort) => this.#go(sort ? { sort } : byRelevance(readAddress(), this.#answer)));
  #notices = h("div", { class: "notices" });
  #understood = h("ul", { class: "chips", "aria-labelledby": "understood" });
  #understoodRow = h("div", { class: "understood", hidden: true }, h("p", { class: "muted small", id: "understood" }, t("understood")), this.#understood);
  #filters = h("ul", { class: "chips", "aria-label": t("search.chosen") });
  #facets = h("div", { class: "facets" });
  #drawer = h("details", { class: "drawer", open: matchMedia("(min-width: 60rem)").matches }, h("summary", {}, t("facets")), this.#facets);
  #results = new Results((answer) => this.#more(answer), () => this.show());
  #below = h("div");

  constructor(shop, title) {
    this.#shop = shop;
    this.#title = title;
    this.#units = minorUnits(shop.currencyCode);
    this.elements = [
      h("div", { class: "search-head" }, h("div", {}, this.#heading, this.#count), this.#sort.element),
      this.#understoodRow,
      this.#filters,
      this.#notices,
      h("div", { class: "search-body" }, h("aside", { "aria-label": t("facets") }, this.#drawer), this.#results.element),
      this.#below,
    ];
  }

  /** Show what the address asks for. */
  async show({ report = false } = {}) {
    const mine = ++this.#latest;
    const wish = readAddress();
    this.#call(wish);
    this.#put(this.#filters, filterChips(wish, (change) => this.#go(change), this.#shop.currencyCode));
    this.#results.await(firstCount(wish));
    try {
      if (report) await reportVisit(wish);
      const answer = await firstPage(wish, this.#units);
      // A later click may have overtaken this answer, or the merchant may send the shopper elsewhere.
      if (mine === this.#latest && !follow(answer.redirectUri)) this.#fill(wish, answer);
    } catch (error) {
      if (mine === this.#latest) this.#results.fail(error, () => this.show());
    }
  }

  #call({ q, category }) {
    const name = q || category.split(SEPARATOR).at(-1) || t("search.all");
    this.#title(name);
    this.#heading.textContent = q ? t("search.for", { query: q }) : name;
  }

  #fill(asked, answer) {
    const wish = { ...asked, category: categoryHere(asked, answer) };
    const go = (change) => this.#go(change);
    const currency = this.#shop.currencyCode;
    const said = notices(wish, answer, go);
    this.#answer = answer;
    this.#call(wish);
    this.#count.textContent = counted("products", answer.totalSize);
    this.#sort.show(wish, answer);
    this.#put(this.#understood, understoodChips(wish, answer, go));
    this.#understoodRow.hidden = !this.#understood.hasChildNodes();
    this.#put(this.#filters, filterChips(wish, go, currency));
    this.#put(this.#notices, said.elements);
    this.#put(this.#facets, facetPanel(wish, answer, go, currency));
    this.#drawer.hidden = !this.#facets.hasChildNodes();
    const empty = answer.results.length === 0 ? nothingFound(wish, answer, go, this.#shop) : {};
    keepingFocus(this.#results.element, this.#heading, () => this.#results.show(answer, empty.inPlace));
    replace(this.#below, empty.below);
    announce([...said.spoken, counted("search.found", answer.totalSize)].join(" "));
  }

  /** Change what is in an element; the keyboard's place in it is kept, or goes to the heading. */
  #put(element, children) {
    keepingFocus(element, this.#heading, () => replace(element, children));
  }

  async #go(change) {
    history.pushState(null, "", address({ ...readAddress(), pages: 1, ...change }));
    await this.show();
  }

  /** The page after an answer; the address then says how many there are, for a reload and for Back. */
  async #more(answer) {
    const [wish, asked] = [readAddress(), location.href];
    const more = await nextPage(wish, this.#units, answer);
    if (location.href === asked) history.replaceState(null, "", address({ ...wish, pages: wish.pages + 1 }));
    return more;
  }
}

function reportVisit(wish) {
  if (wish.q) return record("search", { query: wish.q });
  return wish.category ? record("category-page-view") : undefined;
}
