// Product tiles, cards and shelves.

import { append, h, hidden, icon, replace, toast } from "./dom.js";
import { record, rememberClick, watch } from "./events.js";
import { changeCart } from "./state.js";
import { money, t } from "./words.js";

const BASKET = "🛒";

export const productUrl = (id) => `/product/${id.split("/").map(encodeURIComponent).join("/")}`;
// A department can be most of a shop, so that the category below it takes part in the colour.
const colouring = (product) => (product.categories?.[0] ?? "").split(" > ").slice(0, 2).join();

/** A hue that belongs to a word, 0 to 359. */
export function hue(word) {
  let hash = 7;
  for (const character of word) hash = (hash * 31 + character.codePointAt(0)) % 3600;
  return (hash * 137) % 360;
}

/** The photo, or the product's emoji on its category's colour. */
export function tile(product, { lazy = true } = {}) {
  const emoji = product.attributes?.emoji?.text?.[0] ?? BASKET;
  const box = h("div", { class: "tile", "--hue": hue(colouring(product)), "aria-hidden": "true" });
  const fallback = () => replace(box, h("span", { class: "emoji" }, emoji));
  const uri = product.images?.[0]?.uri;
  if (!uri) {
    fallback();
    return box;
  }
  const photo = h("img", { src: uri, alt: "", loading: lazy ? "lazy" : "eager", onerror: fallback });
  box.append(photo);
  return box;
}

export function priceTag(product) {
  if (!product.price) return h("p", { class: "price muted" }, t("price.none"));
  const reduced = product.originalPrice && product.originalPrice.amount > product.price.amount;
  return h(
    "p",
    { class: "price" },
    reduced && hidden(t("price.now")),
    h("span", { class: reduced ? "reduced" : "" }, money(product.price)),
    reduced && [" ", h("s", {}, hidden(t("price.before")), money(product.originalPrice))],
  );
}

export const inStock = (product) => product.availability !== "OUT_OF_STOCK";

/**
 * A card. `list` is the answer that it came from, `line` {id, position, placement}.
 * `onadd` runs when the product is in the cart and the shop knows; `ondismiss`, where given,
 * offers "not interested" and runs when the shop knows.
 */
export function card({ product, reason, list, line, level = 3, onadd, ondismiss }) {
  const choose = (product.variants ?? []).length > 0;
  const element = h(
    "li",
    { class: "card", "data-id": product.id },
    tile(product),
    h(
      "div",
      { class: "card-body" },
      product.brands?.[0] && h("p", { class: "brand" }, product.brands[0]),
      h(
        `h${level}`,
        { class: "card-title" },
        h(
          "a",
          { href: productUrl(product.id), onclick: () => rememberClick(product.id, list, line) },
          product.title,
        ),
      ),
      reason &&
        h("p", { class: "why" }, h("span", { class: "why-label" }, t("why")), " ", reason.text),
      h(
        "div",
        { class: "card-foot" },
        priceTag(product),
        inStock(product)
          ? !choose && addButton(product, list, line, onadd)
          : h("span", { class: "muted small" }, t("stock.out")),
      ),
    ),
    ondismiss && dismissButton(product, list, line, ondismiss),
  );
  watch(element, list, line);
  return element;
}

function addButton(product, list, line, onadd) {
  const add = async () => {
    changeCart(product.id, null, 1);
    toast(t("cart.added", { title: product.title }));
    await record("add-to-cart", { lines: [{ ...line, price: product.price }], list });
    await onadd?.();
  };
  return h(
    "button",
    { type: "button", class: "round add", "aria-label": t("cart.addOne", { title: product.title }), onclick: add },
    icon("plus"),
  );
}

function dismissButton(product, list, line, ondismiss) {
  const dismiss = async () => {
    toast(t("dismiss.done", { title: product.title }));
    await record("not-interested", { lines: [line], list });
    await ondismiss();
  };
  return h(
    "button",
    { type: "button", class: "dismiss", "aria-label": t("dismiss", { title: product.title }), onclick: dismiss },
    icon("close"),
  );
}

export function skeletons(count) {
  return Array.from({ length: count }, () =>
    h("li", { class: "card skeleton", "aria-hidden": "true" }, h("div", { class: "tile" }), h("div", { class: "card-body" })),
  );
}

/**
 * A shelf that fetches itself. `fetch` resolves to an answer of /v1/recommend.
 * Returns {element, refresh}; a shelf with nothing on it hides.
 */
export function shelf({ id, title, note, placement, fetch, onchange, dismissable = true }) {
  const rail = h("ul", { class: "rail" }, skeletons(6));
  const heading = h("h2", { id: `${id}-title`, tabindex: "-1" }, title);
  const [back, forth] = arrows(rail, title);
  const element = h(
    "section",
    { class: "shelf", id, "aria-labelledby": `${id}-title`, "aria-busy": "true" },
    h("div", { class: "shelf-head" }, h("div", {}, heading, note && h("p", { class: "muted" }, note)), h("div", { class: "arrows" }, back, forth)),
    rail,
  );

  async function refresh() {
    const list = await fetch();
    const changed = () => onchange?.(id);
    const cards = list.results.map(({ product, reason, propensity }, position) =>
      card({
        product,
        reason,
        list,
        line: { id: product.id, position, placement, propensity },
        onadd: changed,
        ondismiss: dismissable ? changed : undefined,
      }),
    );
    keepingFocus(element, heading, () => replace(rail, cards));
    element.hidden = cards.length === 0;
    element.removeAttribute("aria-busy");
    return list;
  }
  return { element, refresh, rail };
}

function arrows(rail, title) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const move = (direction) => () =>
    rail.scrollBy({ left: direction * rail.clientWidth * 0.85, behavior: calm ? "auto" : "smooth" });
  return [
    h("button", { type: "button", class: "round", "aria-label": t("shelf.back", { title }), onclick: move(-1) }, icon("left")),
    h("button", { type: "button", class: "round", "aria-label": t("shelf.forth", { title }), onclick: move(1) }, icon("right")),
  ];
}

/** Change what is in `element` without losing the keyboard's place in it. */
export function keepingFocus(element, fallback, change) {
  const active = document.activeElement;
  const held = element.contains(active);
  const id = held ? active.closest("[data-id]")?.dataset.id : undefined;
  const kind = held ? active.className : "";
  change();
  if (!held || element.contains(document.activeElement)) return;
  const same = id && element.querySelector(`[data-id="${CSS.escape(id)}"]`);
  const target = same && (Array.from(same.querySelectorAll("a, button, input")).find((e) => e.className === kind) ?? same.querySelector("a, button, input"));
  (target ?? fallback).focus({ preventScroll: true });
}

/** A message with a button that tries again. */
export function failure(error, retry) {
  const box = h("div", { class: "notice", role: "alert" });
  append(box, [
    h("p", {}, t("error")),
    h("p", { class: "muted small" }, error.message),
    h("button", { type: "button", class: "button", onclick: retry }, t("error.retry")),
  ]);
  return box;
}
