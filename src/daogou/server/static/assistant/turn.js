// A message and its answer as elements. Whatever the shop says becomes a text node.

import { h, icon } from "../dom.js";

const SAFE = ["http:", "https:"];

/** An address that may be linked to or loaded, absolute; null for anything else. */
function safe(address, base) {
  if (!address || !URL.canParse(address, base)) return null;
  const url = new URL(address, base);
  return SAFE.includes(url.protocol) ? url.href : null;
}

/** What a stored message read on its button. */
export function labelOf(text, turns) {
  if (!text.startsWith("/")) return text;
  const offers = turns.flatMap(({ reply }) => reply.quickReplies);
  return offers.find(({ payload }) => payload === text)?.text ?? text;
}

export function said(text) {
  return h("div", { class: "message mine", part: "message message-mine" }, h("p", { class: "text" }, text));
}

/**
 * An answer. `page` is {base, productUrl(card), articleUrl(id)}, `act` {press(payload, label), choose(card, place,
 * event), drop(wish, place), rate(turnId, rating)}; `rated` is what the shopper thought of it before.
 */
export function answer(reply, words, page, act, rated = null) {
  const { message, products, comparison, citations, wishes = [], quickReplies } = reply;
  const asked = quickReplies.some(({ payload }) => payload === "/yes");
  return h(
    "div",
    { class: "message", part: "message message-theirs", lang: words.tag, "data-turn": String(reply.turnId) },
    h("p", { class: "text" }, message.text),
    wishes.length > 0 && known(wishes, words, act),
    comparison && table(comparison, products, words),
    products.length > 0 && h("ul", { class: "cards", part: "cards", "aria-label": words.t("products") }, products.map((card, place) => product(card, place, words, page, act, !asked))),
    citations.length > 0 && sources(reply, words, page),
    reply.turnId > 1 && thumbs(reply.turnId, words, act, rated),
  );
}

/** What is known of the wishes, each to be taken back. */
function known(wishes, { t }, act) {
  const chip = (wish, place) =>
    h("li", {}, h("button", { type: "button", class: "chip wish", part: "wish", "aria-label": t("wish.drop", { wish: wish.text }), onclick: (event) => event.currentTarget.ariaDisabled !== "true" && act.drop(wish, place) }, wish.text, icon("close")));
  return h("ul", { class: "wishes", part: "wishes", "aria-label": t("wishes.known") }, wishes.map(chip));
}

function product(card, place, words, page, act, addable) {
  const { t, money } = words;
  const gone = card.availability === "OUT_OF_STOCK";
  const href = safe(page.productUrl(card), page.base);
  return h(
    "li",
    { class: "card", part: "card", "data-id": card.id },
    picture(card, page),
    h(
      "div",
      { class: "card-body" },
      h("p", { class: "card-title" }, href ? h("a", { href, onclick: (event) => act.choose(card, place, event) }, card.title) : card.title),
      h("p", { class: "price", part: "price" }, card.price ? money(card.price) : t("price.none")),
      h("p", { class: gone ? "stock out" : "stock" }, t(`stock.${gone ? "out" : card.availability === "IN_STOCK" ? "in" : "other"}`)),
      card.reason && h("p", { class: "why", part: "reason" }, h("b", {}, t("why")), " ", card.reason),
      // A command names products without blanks.
      addable && !gone && !/\s/.test(card.id) && h("button", { type: "button", class: "small", part: "add", "aria-label": t("add.one", { title: card.title }), onclick: () => act.press(`/add ${card.id}`, t("add.one", { title: card.title })) }, icon("plus"), t("add")),
    ),
  );
}

function picture(card, page) {
  const box = h("div", { class: "picture", part: "picture", "aria-hidden": "true" });
  const initial = () => box.replaceChildren(Array.from(card.title)[0] ?? "");
  const src = safe(card.image, page.base);
  if (src) box.append(h("img", { src, alt: "", loading: "lazy", onerror: initial }));
  else initial();
  return box;
}

function table({ productIds, rows }, products, words) {
  const titles = new Map(products.map(({ id, title }) => [id, title]));
  return h(
    "div",
    { class: "comparison", part: "comparison", role: "region", tabindex: "0", "aria-label": words.t("comparison") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("td", {}), productIds.map((id) => h("th", { scope: "col" }, titles.get(id) ?? id)))),
      h("tbody", {}, rows.map(({ name, values }) => h("tr", {}, h("th", { scope: "row" }, name), values.map((value) => h("td", {}, value || "–"))))),
    ),
  );
}

/** Where it is from: a link to the article, and the words themselves unless the answer has them already. */
function sources({ message, citations }, words, page) {
  const entry = ({ id, title, quote, source }) => {
    const href = source === "article" ? safe(page.articleUrl(id), page.base) : null;
    const named = href ? h("a", { href }, title) : title;
    return h("li", {}, message.text.includes(quote) ? named : h("details", {}, h("summary", {}, title), h("blockquote", {}, quote), href && named));
  };
  return h("div", { class: "sources", part: "citations" }, h("p", { class: "sources-title" }, words.t("sources")), h("ul", {}, citations.map(entry)));
}

function thumbs(turnId, words, act, rated) {
  const press = (rating) => async (event) => {
    const pressed = event.currentTarget;
    if (!(await act.rate(turnId, rating))) return;
    for (const button of pressed.parentElement.children) button.setAttribute("aria-pressed", String(button === pressed));
  };
  const thumb = (rating) =>
    h("button", { type: "button", class: "thumb", "aria-label": words.t(`rate.${rating}`), "aria-pressed": String(rated === rating), onclick: press(rating) }, icon(rating));
  return h("div", { class: "thumbs", part: "feedback", role: "group", "aria-label": words.t("rate") }, thumb("up"), thumb("down"));
}
