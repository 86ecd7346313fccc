// The assistant on the shop's own pages: one cart, and events, with the storefront; questions on
// product pages.

import "./assistant/element.js";
import { products as fetchProducts, questionsAbout } from "./api.js";
import { productUrl } from "./cards.js";
import { h, replace, toast } from "./dom.js";
import { rememberClick } from "./events.js";
import { cart, changeCart, visitor } from "./state.js";
import { lang, t } from "./words.js";

const PLACEMENT = "assistant";

let assistant = null;

/** Put the assistant on the page of a `shop`, or have it follow who shops and in which language. */
export function guide({ photos }) {
  if (!assistant) {
    assistant = h("daogou-assistant", { endpoint: "/", "product-url": productUrl("{id}").replace("%7Bid%7D", "{id}") });
    Object.defineProperty(assistant, "cart", { get: () => cart().slice(0, 100) });
    assistant.addEventListener("daogou-cart", ({ detail }) => follow(detail));
    assistant.addEventListener("daogou-choose", ({ detail: { id, position, attributionToken, policyId } }) => rememberClick(id, { attributionToken, policyId }, { id, position, placement: PLACEMENT }));
  }
  assistant.setAttribute("language", lang());
  assistant.setAttribute("visitor", visitor());
  assistant.toggleAttribute("photos", photos);
  if (!assistant.isConnected) document.body.append(assistant);
}

/** Do with the shop's cart what was done in the conversation, whose turn has told the shop already. */
async function follow({ added, removed }) {
  for (const { id, variantId, quantity } of added) changeCart(id, variantId, quantity);
  for (const { id, variantId, quantity } of removed) changeCart(id, variantId, -quantity);
  const { products } = await fetchProducts([...new Set(added.map(({ id }) => id))]);
  const names = added.map(({ id }) => products.find((product) => product.id === id)?.title).filter(Boolean);
  if (names.length > 0) toast(t("cart.added", { title: names.join(t("list.separator")) }));
  window.dispatchEvent(new Event("daogou:cart-followed"));
}

/** A section that is filled, and shown, once there are questions that have an answer. */
export function worthAsking(productId) {
  const element = h("section", { class: "asking", "aria-labelledby": "asking-title", hidden: true });
  const refresh = async () => {
    // The page is whole without it: what cannot be fetched is not there.
    const { questions } = await questionsAbout(productId).catch(() => ({ questions: [] }));
    if (questions.length === 0) return;
    replace(
      element,
      h("h2", { id: "asking-title" }, t("asking.title")),
      h("ul", {}, questions.map(({ text, payload }) => h("li", {}, h("button", { type: "button", class: "button small-button", onclick: () => assistant.ask({ payload, label: text, productId }) }, text)))),
    );
    element.hidden = false;
  };
  return { element, refresh };
}

/** What the pages are about, so that "it" is that product in the conversation; null for none. */
export function isAbout(productId) {
  if (productId) assistant.setAttribute("product-id", productId);
  else assistant.removeAttribute("product-id");
}
