// What the shop knows beside a product: articles opened in place, and each on a page of its own.

import { article as fetchArticle, knowledgeOf } from "./api.js";
import { h, replace } from "./dom.js";
import { lang, t, when } from "./words.js";

const HEADING = /^ {0,3}#{1,6}\s+(.*)$/;
const ITEM = /^\s*(?:[-*+•]|\d{1,2}[.)、])\s+(.*)$/;
const MOST_QUESTIONS = 10;

export const articleUrl = (id) => `/knowledge/${id.split("/").map(encodeURIComponent).join("/")}`;

/** A section that is filled, and shown, once the shop has said that there is something to know. */
export function goodToKnow(productId) {
  const element = h("section", { class: "knowledge", "aria-labelledby": "knowledge-title", hidden: true });
  const refresh = async () => {
    // The page is whole without it: what cannot be fetched is not there.
    const known = await knowledgeOf(productId).catch(() => ({ articles: [], questions: [] }));
    if (known.articles.length + known.questions.length === 0) return;
    replace(
      element,
      h("h2", { id: "knowledge-title" }, t("knowledge.title")),
      known.articles.map(folded),
      known.questions.length > 0 && questions(known.questions.slice(0, MOST_QUESTIONS)),
    );
    element.hidden = false;
  };
  return { element, refresh };
}

export async function knowledgePage({ main, title }, id) {
  let article;
  try {
    article = await fetchArticle(id);
  } catch (error) {
    if (error.code !== 404) throw error;
    title(t("knowledge.gone"));
    replace(main, h("div", { class: "empty" }, h("h1", {}, t("knowledge.gone")), h("a", { class: "button", href: "/search" }, t("product.browse"))));
    return;
  }
  title(article.title);
  const about = article.categories?.find((path) => path) ?? null;
  replace(
    main,
    h(
      "article",
      { class: "reading page", lang: spoken(article) },
      h("h1", {}, article.title),
      blocks(article.text, 2),
      origin(article),
      about && h("p", {}, h("a", { class: "button", href: `/search?${new URLSearchParams({ category: about })}`, lang: lang() }, t("knowledge.products"))),
    ),
  );
}

function folded(article) {
  return h(
    "details",
    { class: "article", "data-id": article.id, lang: spoken(article) },
    h("summary", {}, article.title),
    h("div", { class: "reading" }, blocks(article.text, 3), origin(article), h("p", {}, h("a", { href: articleUrl(article.id), lang: lang() }, t("knowledge.page")))),
  );
}

function questions(pairs) {
  return h(
    "details",
    { class: "article" },
    h("summary", {}, t("knowledge.questions")),
    h("dl", { class: "reading" }, pairs.map(({ question, answer }) => [h("dt", {}, question), h("dd", {}, answer)])),
  );
}

function origin({ uri, updateTime }) {
  if (!uri && !updateTime) return null;
  return h(
    "p",
    { class: "origin", lang: lang() },
    uri && h("a", { href: uri, rel: "noopener" }, t("knowledge.source")),
    uri && updateTime && " · ",
    updateTime && t("knowledge.updated", { time: when(updateTime) }),
  );
}

/** The language of an article that is not in the page's own. */
function spoken(article) {
  return article.languageCode === lang() ? null : article.languageCode;
}

/** Paragraphs, headings and lists of a plain text; anything else in it stays as it is written. */
function blocks(text, level) {
  const found = [];
  let lines = [];
  let items = [];
  const close = () => {
    if (lines.length > 0) found.push(h("p", {}, lines.join(" ")));
    if (items.length > 0) found.push(h("ul", {}, items.map((item) => h("li", {}, item))));
    lines = [];
    items = [];
  };
  for (const line of text.split("\n")) {
    const heading = line.match(HEADING);
    const item = line.match(ITEM);
    if (heading) {
      close();
      found.push(h(`h${level}`, {}, heading[1].trim()));
    } else if (item) {
      if (lines.length > 0) close();
      items.push(item[1]);
    } else if (line.trim() === "") {
      close();
    } else {
      if (items.length > 0) close();
      lines.push(line.trim());
    }
  }
  close();
  return found;
}
