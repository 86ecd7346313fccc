// What the shop read out of the words: chips that take it back, and what it did about a query
// that it would have found nothing for.

import { h, icon } from "./dom.js";
import { address, NOTHING_ASKED, UNFILTERED } from "./wish.js";
import { around, number, t } from "./words.js";

/** The change of a wish that takes back what was read out of its query. */
const taking = (wish, ids) => ({ without: [...wish.without, ...ids] });

/** A chip for everything that was understood, and one that has it all understood again. */
export function understoodChips(wish, { understanding }, go) {
  const chips = (understanding?.constraints ?? []).map((constraint) => chip(constraint, () => go(taking(wish, [constraint.id]))));
  const restore = wish.without.length > 0 && h("li", { "data-id": "understood:restore" }, h("button", { type: "button", class: "chip plain", onclick: () => go({ without: [] }) }, t("understood.restore")));
  return [...chips, restore].filter(Boolean);
}

function chip({ id, label, applied }, remove) {
  const names = {
    filter: t("understood.remove", { label }),
    boost: t("understood.remove.boost", { label }),
    relaxed: t("understood.remove.relaxed", { label }),
  };
  const notes = { boost: t("understood.boost"), relaxed: t("understood.relaxed") };
  return h(
    "li",
    { "data-id": `understood:${id}` },
    h("button", { type: "button", class: `chip ${applied}`, "aria-label": names[applied], title: notes[applied], onclick: remove }, h(applied === "relaxed" ? "s" : "span", {}, label), icon("close")),
  );
}

/** What there is to say above the results, as {elements, spoken}. */
export function notices(wish, answer, go) {
  const { relaxations = [] } = answer;
  const applied = relaxations.find((way) => way.applied);
  const others = relaxations.filter((way) => !way.applied);
  const elements = [
    corrected(wish, answer),
    applied && h("p", { class: "said" }, applied.text),
    others.length > 0 && h("div", { class: "ways", role: "group", "aria-label": t("relax.others") }, others.map((way) => wayButton(wish, answer, way, go))),
  ].filter(Boolean);
  return { elements, spoken: [correctedAloud(answer), applied?.text].filter(Boolean) };
}

function correctedAloud({ correctedQuery: query, correctionApplied }) {
  if (!query) return null;
  return correctionApplied ? t("search.showing", { query }) : t("search.didYouMean", { query });
}

function corrected({ q }, { correctedQuery, correctionApplied }) {
  if (!correctedQuery) return null;
  const searched = (query, verbatim) => address({ ...NOTHING_ASKED, q: query, verbatim });
  if (!correctionApplied) {
    const link = h("a", { href: searched(correctedQuery, false) }, correctedQuery);
    return h("p", { class: "said" }, around(t("search.didYouMean"), { query: link }));
  }
  return h(
    "p",
    { class: "said" },
    around(t("search.showing"), { query: h("strong", {}, correctedQuery) }),
    " ",
    h("a", { href: searched(q, true) }, t("search.instead", { query: q })),
  );
}

/** A button that searches with some of what was asked given up. */
function wayButton(wish, { understanding }, { removed, text, totalSize }, go) {
  const labels = removed.map((id) => understanding?.constraints.find((c) => c.id === id)?.label);
  const known = labels.length > 0 && labels.every(Boolean);
  const change = removed.length > 0 ? taking(wish, removed) : UNFILTERED;
  return h(
    "button",
    { type: "button", class: "button small-button", onclick: () => go(change) },
    known ? t("relax.without", { labels: labels.join(t("list.separator")) }) : text,
    h("span", { class: "count" }, number(totalSize)),
  );
}

/** Buttons that search without one of the things that were understood, for a page without results. */
export function withoutButtons(wish, { understanding }, go) {
  return (understanding?.constraints ?? []).map(({ id, label }) =>
    h("button", { type: "button", class: "button", onclick: () => go(taking(wish, [id])) }, t("relax.without", { labels: label })),
  );
}

/** The change that has results in the order of relevance, whatever order the query asks for. */
export function byRelevance(wish, answer) {
  const read = answer?.understanding?.sort;
  return { sort: "", ...(read ? taking(wish, [read.id]) : {}) };
}
