// The search box: what others searched, categories, brands and products, while one types.

import { complete } from "./api.js";
import { productUrl } from "./cards.js";
import { Combobox } from "./combobox.js";
import { announce, h, icon } from "./dom.js";
import { counted, t } from "./words.js";
import { address, NOTHING_ASKED, soleValue } from "./wish.js";

const KINDS = ["query", "category", "brand", "product"];
const LONGEST = 500;

/** The form of the head; `query` is what was searched for. */
export function searchBox(query) {
  const input = h("input", { id: "q", name: "q", type: "text", inputmode: "search", enterkeyhint: "search", value: query, placeholder: t("search.placeholder"), maxlength: LONGEST, autocapitalize: "none", spellcheck: "false" });
  const popup = h("div", { id: "suggestions", class: "suggestions", role: "listbox", "aria-label": t("suggest") });
  const box = new Combobox({
    input,
    popup,
    suggest: async (text, signal) => groups((await complete(text, signal)).completionResults),
    choose: (option) => location.assign(option.href),
    found: (count) => announce(counted("suggest.found", count)),
  });
  return h(
    "form",
    { class: "search", role: "search", action: "/search", method: "get", onsubmit: () => box.close() },
    h("label", { class: "visually-hidden", for: "q" }, t("search.label")),
    input,
    h("button", { type: "submit", "aria-label": t("search.submit") }, icon("search")),
    popup,
  );
}

/** The suggestions by kind, in the order that they came in within each. */
function groups(suggestions) {
  const labels = { query: t("suggest.query"), category: t("suggest.category"), brand: t("suggest.brand"), product: t("suggest.product") };
  return KINDS.map((kind) => ({ label: labels[kind], options: suggestions.filter((s) => s.kind === kind).map(option) })).filter(({ options }) => options.length > 0);
}

function option(suggestion) {
  return { href: target(suggestion), content: marked(suggestion) };
}

/** Where a suggestion leads. */
function target({ kind, suggestion, id, filter }) {
  if (kind === "product" && id) return productUrl(id);
  const value = filter && soleValue(filter);
  if (kind === "category" && value) return address({ ...NOTHING_ASKED, category: value });
  if (kind === "brand" && value) return address({ ...NOTHING_ASKED, brand: [value] });
  return address({ ...NOTHING_ASKED, q: suggestion });
}

/** The text, with what was typed of it marked. Its places are code points. */
function marked({ suggestion, highlight = [] }) {
  const characters = Array.from(suggestion);
  const text = (start, end) => characters.slice(start, end).join("");
  let at = 0;
  const parts = highlight.flatMap(([start, end]) => {
    const before = text(at, start);
    at = end;
    return [before, h("mark", {}, text(start, end))];
  });
  return [...parts, text(at)];
}
