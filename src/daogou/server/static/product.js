// A product, what is like it, and what goes with it.

import { product as fetchProduct, recommend } from "./api.js";
import { inStock, priceTag, shelf, tile } from "./cards.js";
import { announce, h, icon, replace, toast } from "./dom.js";
import { clickedFrom, record } from "./events.js";
import { worthAsking } from "./guide.js";
import { goodToKnow } from "./knowledge.js";
import { changeCart } from "./state.js";
import { money, t } from "./words.js";

export async function productPage({ main, title }, id) {
  let product;
  try {
    product = await fetchProduct(id);
  } catch (error) {
    if (error.code !== 404) throw error;
    title(t("product.gone"));
    replace(main, h("div", { class: "empty" }, h("h1", {}, t("product.gone")), h("a", { class: "button", href: "/search" }, t("product.browse"))));
    return;
  }
  title(product.title);
  const origin = clickedFrom(id);
  const shelves = productShelves(product);
  const knowledge = goodToKnow(product.id);
  const asking = worthAsking(product.id);
  replace(main, breadcrumb(product), details(product, origin, shelves), asking.element, knowledge.element, shelves.elements);
  await record("detail-page-view", { lines: [{ ...origin?.line, id, price: product.price }], list: origin });
  await Promise.all([shelves.refresh(), asking.refresh(), knowledge.refresh()]);
}

function breadcrumb(product) {
  const path = product.categories?.[0]?.split(" > ") ?? [];
  return h(
    "nav",
    { class: "breadcrumb", "aria-label": t("breadcrumb") },
    h(
      "ol",
      {},
      h("li", {}, h("a", { href: "/" }, t("home"))),
      path.map((name, depth) => {
        const category = path.slice(0, depth + 1).join(" > ");
        return h("li", {}, h("a", { href: `/search?${new URLSearchParams({ category })}` }, name));
      }),
    ),
  );
}

function details(product, origin, shelves) {
  const chosen = { variant: null };
  const brand = product.brands?.[0];
  return h(
    "article",
    { class: "product" },
    tile(product, { lazy: false }),
    h(
      "div",
      { class: "product-body" },
      brand && h("p", { class: "brand" }, h("a", { href: `/search?${new URLSearchParams({ brand })}` }, brand)),
      h("h1", {}, product.title),
      rating(product),
      priceTag(product),
      h("p", { class: inStock(product) ? "stock in" : "stock" }, t(inStock(product) ? "stock.in" : "stock.out")),
      variants(product, chosen),
      inStock(product) && buying(product, chosen, origin, shelves),
      product.description && h("p", { class: "description" }, product.description),
      facts(product),
    ),
  );
}

function rating({ rating: rated }) {
  if (!rated?.ratingCount) return null;
  const values = { stars: rated.averageRating.toFixed(1), count: rated.ratingCount };
  return h("p", { class: "rating" }, h("span", { "aria-hidden": "true" }, "★ "), t("product.rating", values));
}

function variants(product, chosen) {
  if (!product.variants?.length) return null;
  return h(
    "fieldset",
    { class: "variants" },
    h("legend", {}, t("product.choose")),
    product.variants.map((variant) => {
      const label = Object.values(variant.options ?? {}).join(" · ") || variant.id;
      const gone = !inStock(variant);
      return h(
        "label",
        { class: gone ? "gone" : null },
        h("input", { type: "radio", name: "variant", value: variant.id, disabled: gone, onchange: () => { chosen.variant = variant; } }),
        h("span", {}, label, variant.price && [" ", h("b", {}, money(variant.price))], gone && [" ", h("i", {}, t("stock.out"))]),
      );
    }),
  );
}

function buying(product, chosen, origin, shelves) {
  const quantity = h("input", { id: "quantity", type: "number", min: 1, max: 99, value: 1, inputmode: "numeric" });
  const problem = h("p", { class: "problem", role: "alert" });
  const step = (difference) => () => {
    quantity.value = String(Math.min(99, Math.max(1, (Number.parseInt(quantity.value, 10) || 1) + difference)));
  };
  const add = async (event) => {
    event.preventDefault();
    if (product.variants?.length && !chosen.variant) {
      problem.textContent = t("product.chooseFirst");
      document.querySelector("input[name=variant]:not(:disabled)")?.focus();
      return;
    }
    problem.textContent = "";
    const count = Math.min(99, Math.max(1, Number.parseInt(quantity.value, 10) || 1));
    changeCart(product.id, chosen.variant?.id, count);
    toast(t("cart.added", { title: product.title }));
    const line = { ...origin?.line, id: product.id, quantity: count, variantId: chosen.variant?.id, price: chosen.variant?.price ?? product.price };
    await record("add-to-cart", { lines: [line], list: origin });
    await shelves.refresh();
  };
  return h(
    "form",
    { class: "buying", onsubmit: add },
    h("label", { for: "quantity", class: "visually-hidden" }, t("cart.quantity")),
    h(
      "div",
      { class: "stepper" },
      h("button", { type: "button", "aria-label": t("cart.less"), onclick: step(-1) }, icon("minus")),
      quantity,
      h("button", { type: "button", "aria-label": t("cart.more"), onclick: step(1) }, icon("plus")),
    ),
    h("button", { type: "submit", class: "button primary" }, icon("cart"), t("cart.add")),
    problem,
  );
}

function facts(product) {
  const rows = Object.entries(product.attributes ?? {}).filter(([key, value]) => key !== "emoji" && value.text?.length);
  if (rows.length === 0) return null;
  return h(
    "div",
    { class: "facts" },
    h("h2", {}, t("product.facts")),
    h("dl", {}, rows.map(([key, value]) => h("div", {}, h("dt", {}, label(key)), h("dd", {}, value.text.join(", "))))),
  );
}

function label(key) {
  const words = key.replaceAll(/[_-]+/g, " ");
  return words[0].toUpperCase() + words.slice(1);
}

function productShelves(product) {
  const about = [{ id: product.id }];
  const onchange = async () => {
    await refresh();
    announce(t("shelf.updated"));
  };
  const shelves = ["goes-with", "similar"].map((placement) =>
    shelf({ id: placement, title: t(`shelf.${placement}`), placement, fetch: () => recommend(placement, { about }), onchange }),
  );
  const refresh = () => Promise.all(shelves.map((s) => s.refresh()));
  return { elements: shelves.map((s) => s.element), refresh };
}
