// What the shop knows about this visitor, and the way to have it forgotten.

import { eraseVisitor, visitorEvents } from "./api.js";
import { productUrl } from "./cards.js";
import { h, replace, toast } from "./dom.js";
import { forgetOwnVisitor, ownVisitor, saveCart, visitor } from "./state.js";
import { counted, t, when } from "./words.js";

const SHOWN = 100;
const NAMED = 6;

export async function mePage({ main, shop, title, restart }) {
  title(t("me.title"));
  const { userEvents, products } = await visitorEvents(SHOWN);
  const known = shop.shoppers.find(({ visitorId }) => visitorId === visitor());
  const dialog = confirmation(known, restart);
  const erase = h("button", { type: "button", class: "button danger", onclick: () => dialog.showModal() }, t("me.erase"));
  replace(
    main,
    h("h1", {}, t("me.title")),
    h("p", { class: "lead" }, known ? t("me.known", { label: known.label }) : t("me.anonymous")),
    h("p", { class: "muted" }, t("me.id"), " ", h("code", {}, visitor())),
    h("div", { class: "actions" }, userEvents.length > 0 && erase),
    dialog,
    h("h2", {}, t("me.events")),
    userEvents.length === 0
      ? h("p", { class: "empty" }, t("me.nothing"))
      : h("ol", { class: "timeline" }, userEvents.map((event) => entry(event, products))),
    userEvents.length === SHOWN && h("p", { class: "muted" }, t("me.more", { count: SHOWN })),
  );
}

function entry(event, products) {
  const lines = event.productDetails ?? [];
  return h(
    "li",
    {},
    h("div", { class: "entry-head" }, h("strong", {}, t(`event.${event.eventType}`)), " ", h("time", { class: "muted small", datetime: event.eventTime }, when(event.eventTime))),
    event.searchQuery && h("p", {}, `“${event.searchQuery}”`),
    lines.length > 0 &&
      h(
        "p",
        { class: "small" },
        lines.slice(0, NAMED).map(({ product: { id } }, place) => [place > 0 && ", ", products[id] ? h("a", { href: productUrl(id) }, products[id].title) : id]),
        lines.length > NAMED && [" ", counted("me.andMore", lines.length - NAMED)],
      ),
  );
}

function confirmation(known, restart) {
  const problem = h("p", { class: "problem", role: "alert" });
  const erase = async () => {
    try {
      const { deleted } = await eraseVisitor();
      saveCart([]);
      if (visitor() === ownVisitor()) forgetOwnVisitor();
      dialog.close();
      await restart();
      document.getElementById("main").focus();
      toast(counted("me.erased", deleted));
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  const dialog = h(
    "dialog",
    { "aria-labelledby": "erase-title" },
    h("h2", { id: "erase-title" }, t("me.erase.title")),
    h("p", {}, t(known ? "me.erase.known" : "me.erase.note")),
    problem,
    h(
      "div",
      { class: "actions" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, t("me.erase.cancel")),
      h("button", { type: "button", class: "button danger", onclick: erase }, t("me.erase.confirm")),
    ),
  );
  return dialog;
}
