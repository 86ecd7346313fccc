// Results below one another, and the button that brings more of them.

import { card, failure, skeletons } from "./cards.js";
import { announce, append, h, replace } from "./dom.js";
import { PAGE } from "./wish.js";
import { counted, number, t } from "./words.js";

export class Results {
  #grid = h("ul", { class: "grid" });
  #progress = h("p", { class: "muted small", id: "progress" });
  #button = h("button", { type: "button", class: "button", hidden: true, onclick: () => this.#more() }, t("results.more"));
  #trouble = h("div");
  #fetch;
  #restart;
  #answer = null; // the last one that was shown; null while another list is on its way
  #fetching = false;
  #shown = new Set();

  /** `fetch(answer)` resolves to the page after an answer; `restart` begins anew with the first. */
  constructor(fetch, restart) {
    this.#fetch = fetch;
    this.#restart = restart;
    this.element = h("section", { "aria-label": t("search.results") }, this.#grid, h("div", { class: "results-foot" }, this.#progress, this.#trouble, this.#button));
  }

  /** A list of about `count` is on its way. */
  await(count) {
    this.#answer = null;
    this.#grid.setAttribute("aria-busy", "true");
    if (!this.#grid.hasChildNodes()) replace(this.#grid, skeletons(count));
  }

  /** Show a list from its start; `instead` is what to show where it is empty. */
  show(answer, instead) {
    this.#shown.clear();
    this.#answer = answer;
    this.#grid.removeAttribute("aria-busy");
    replace(this.#grid, answer.results.length ? this.#cards(answer) : h("li", { class: "wide" }, instead));
    this.#foot();
  }

  /** Show an error in place of the list. */
  fail(error, retry) {
    this.#shown.clear();
    this.#grid.removeAttribute("aria-busy");
    replace(this.#grid, h("li", { class: "wide" }, failure(error, retry)));
    this.#foot();
  }

  #cards(answer) {
    const fresh = answer.results.filter(({ id }) => !this.#shown.has(id));
    return fresh.map(({ product, reasons }) => {
      const line = { id: product.id, position: this.#shown.size, placement: "search" };
      this.#shown.add(product.id);
      // That it matches goes without saying here.
      return card({ product, reason: reasons.find(({ code }) => code !== "matches"), list: answer, level: 2, line });
    });
  }

  #foot() {
    const { nextPageToken, totalSize = 0 } = this.#answer ?? {};
    this.#button.hidden = !nextPageToken;
    replace(this.#trouble);
    this.#progress.textContent = totalSize > PAGE ? t("results.progress", { shown: number(this.#shown.size), total: number(totalSize) }) : "";
  }

  async #more() {
    const before = this.#answer;
    if (!before || this.#fetching) return;
    this.#fetching = true;
    const waiting = skeletons(Math.max(1, Math.min(PAGE, before.totalSize - this.#shown.size)));
    append(this.#grid, waiting);
    // The button keeps the focus, and so its place in the page, while it cannot do anything.
    this.#button.setAttribute("aria-disabled", "true");
    const [answer, error] = await this.#fetch(before).then((page) => [page], (reason) => [null, reason]);
    for (const skeleton of waiting) skeleton.remove();
    this.#button.removeAttribute("aria-disabled");
    this.#fetching = false;
    if (this.#answer !== before) return; // another list has taken the place of this one
    if (answer) this.#extend(answer);
    // A token that is refused, since the index is a new one, will be refused again.
    else replace(this.#trouble, failure(error, error.code === 400 ? this.#restart : () => this.#more()));
  }

  #extend(answer) {
    const cards = this.#cards(answer);
    this.#answer = answer;
    append(this.#grid, cards);
    this.#foot();
    (cards[0] ?? this.#grid.lastElementChild).querySelector("a").focus();
    announce(`${counted("results.added", cards.length)} ${this.#progress.textContent}`);
  }
}
