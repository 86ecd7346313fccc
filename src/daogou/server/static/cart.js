// The cart, what would go with it, and buying it.

import { products as fetchProducts, recommend } from "./api.js";
import { keepingFocus, productUrl, shelf, tile } from "./cards.js";
import { announce, h, hidden, icon, replace, toast } from "./dom.js";
import { record } from "./events.js";
import { cart, changeCart, saveCart } from "./state.js";
import { counted, money, t } from "./words.js";

const MAX_LINES = 100;

export async function cartPage({ main, shop, title }) {
  title(t("cart.title"));
  const box = h("div", { class: "cart" });
  const heading = h("h1", { tabindex: "-1" }, t("cart.title"));
  const beside = shelf({
    id: "cart-shelf",
    title: t("shelf.cart"),
    placement: "cart",
    fetch: () => recommend("cart", { about: cart().slice(0, MAX_LINES) }),
    onchange: () => update(),
  });
  replace(main, heading, box, beside.element);

  async function update() {
    const lines = await resolved();
    keepingFocus(box, heading, () => replace(box, lines.length ? filled(lines) : empty()));
    await beside.refresh();
  }

  /** The lines with their products; what the shop no longer has goes out of the cart. */
  async function resolved() {
    const inCart = cart().slice(0, MAX_LINES);
    const { products } = await fetchProducts([...new Set(inCart.map(({ id }) => id))]);
    const byId = new Map(products.map((product) => [product.id, product]));
    const known = inCart.filter(({ id }) => byId.has(id));
    if (known.length < inCart.length) saveCart(known);
    return known.map((line) => {
      const product = byId.get(line.id);
      const variant = product.variants?.find(({ id }) => id === line.variantId);
      return { ...line, product, variant, price: variant?.price ?? product.price };
    });
  }

  async function change(line, difference) {
    changeCart(line.id, line.variantId, difference);
    const { id, variantId, price } = line;
    const type = difference > 0 ? "add-to-cart" : "remove-from-cart";
    const told = record(type, { lines: [{ id, variantId, price, quantity: Math.abs(difference) }] });
    announce(`${line.product.title}: ${line.quantity + difference}`);
    await told;
    await update();
  }

  function filled(lines) {
    return [
      h("ul", { class: "lines", "aria-label": t("cart.title") }, lines.map((line) => row(line, change))),
      summary(lines),
    ];
  }

  function summary(lines) {
    const currency = lines.find((line) => line.price)?.price.currency ?? shop.currencyCode;
    const amount = lines.reduce((sum, line) => sum + (line.price?.amount ?? 0) * line.quantity, 0);
    const count = lines.reduce((sum, line) => sum + line.quantity, 0);
    const buy = async () => {
      const bought = lines.map(({ id, variantId, quantity, price }) => ({ id, variantId, quantity, price }));
      saveCart([]);
      await record("purchase-complete", { lines: bought });
      replace(box, thanks(money({ amount, currency })));
      box.querySelector("h2").focus();
      await beside.refresh();
    };
    return h(
      "section",
      { class: "summary", "aria-labelledby": "summary-title" },
      h("h2", { id: "summary-title" }, t("cart.summary")),
      h("p", { class: "muted" }, counted("cart.count", count)),
      h("p", { class: "total" }, h("span", {}, t("cart.total")), h("strong", {}, money({ amount, currency }))),
      h("button", { type: "button", class: "button primary", onclick: buy }, t("cart.checkout")),
      h("p", { class: "muted small" }, t("cart.checkout.note")),
    );
  }

  const follow = () => (box.isConnected ? update() : removeEventListener("daogou:cart-followed", follow));
  addEventListener("daogou:cart-followed", follow);
  await record("shopping-cart-page-view", { lines: cart().map(({ id, quantity }) => ({ id, quantity })) });
  await update();
}

function row(line, change) {
  const { product, variant, quantity, price } = line;
  const title = product.title;
  return h(
    "li",
    { class: "line", "data-id": `${line.id}/${line.variantId ?? ""}` },
    tile(product),
    h(
      "div",
      { class: "line-text" },
      h("a", { class: "line-title", href: productUrl(product.id) }, title),
      variant && h("p", { class: "muted small" }, Object.values(variant.options ?? {}).join(" · ")),
      price && h("p", { class: "muted small" }, hidden(t("cart.each")), money(price)),
    ),
    h(
      "div",
      { class: "stepper", role: "group", "aria-label": t("cart.quantityOf", { title }) },
      h("button", { type: "button", class: "step-less", "aria-label": t("cart.lessOf", { title }), onclick: () => change(line, -1) }, icon("minus")),
      h("output", {}, String(quantity)),
      h("button", { type: "button", class: "step-more", "aria-label": t("cart.moreOf", { title }), onclick: () => change(line, 1) }, icon("plus")),
    ),
    h("p", { class: "line-total" }, price ? money({ ...price, amount: price.amount * quantity }) : ""),
    h(
      "button",
      { type: "button", class: "round remove", "aria-label": t("cart.remove", { title }), onclick: () => { toast(t("cart.removed", { title })); return change(line, -quantity); } },
      icon("bin"),
    ),
  );
}

function empty() {
  return h(
    "div",
    { class: "empty" },
    h("p", { class: "emoji", "aria-hidden": "true" }, "🧺"),
    h("p", {}, t("cart.empty")),
    h("a", { class: "button", href: "/" }, t("cart.start")),
  );
}

function thanks(total) {
  return h(
    "div",
    { class: "empty" },
    h("p", { class: "emoji", "aria-hidden": "true" }, "🎉"),
    h("h2", { tabindex: "-1" }, t("thanks")),
    h("p", {}, t("thanks.note", { total })),
    h("a", { class: "button primary", href: "/" }, t("thanks.home")),
  );
}
