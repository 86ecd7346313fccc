// The frame around every page: head, foot, and which page an address means.

import { storefront } from "./api.js";
import { failure } from "./cards.js";
import { cartPage } from "./cart.js";
import { append, h, hidden, icon, replace } from "./dom.js";
import { guide, isAbout } from "./guide.js";
import { homePage } from "./home.js";
import { knowledgePage } from "./knowledge.js";
import { mePage } from "./me.js";
import { productPage } from "./product.js";
import { searchPage } from "./search.js";
import { searchBox } from "./suggest.js";
import { cartCount, chooseLanguage, ownVisitor, preferredLanguage, shopAs, visitor } from "./state.js";
import { counted, lang, speak, t } from "./words.js";

const PAGES = [
  [/^\/$/, homePage],
  [/^\/search$/, searchPage],
  [/^\/product\/(.+)$/, productPage],
  [/^\/knowledge\/(.+)$/, knowledgePage],
  [/^\/cart$/, cartPage],
  [/^\/me$/, mePage],
];
const LANGUAGE_NAMES = { en: "English", zh: "中文" };

async function start() {
  const main = document.getElementById("main");
  try {
    const shop = await storefront(preferredLanguage(Object.keys(LANGUAGE_NAMES)));
    await speak(shop.languageCode);
    frame(shop);
    guide(shop);
    const match = PAGES.map(([pattern, page]) => [location.pathname.match(pattern), page]).find(([m]) => m);
    const [found, page] = match ?? [["/"], homePage];
    isAbout(page === productPage ? decodeURIComponent(found[1]) : null);
    await page({ main, shop, title: (text) => setTitle(shop, text), restart: start }, decodeURIComponent(found[1] ?? ""));
  } catch (error) {
    await ensureWords();
    replace(main, failure(error, start));
  }
}

/** Words for an error that came before any were loaded. */
async function ensureWords() {
  if (!document.getElementById("header").hasChildNodes()) await speak(navigator.language.startsWith("zh") ? "zh" : "en");
}

function setTitle(shop, text) {
  document.title = text ? `${text} · ${shop.shopName}` : shop.shopName;
}

function frame(shop) {
  document.getElementById("skip").textContent = t("skip");
  replace(document.getElementById("header"), demoBar(shop), masthead(shop));
  replace(
    document.getElementById("footer"),
    h("p", {}, t("footer")),
    h("p", {}, h("a", { href: "/me" }, t("me.link"))),
  );
  showCartCount();
}

function demoBar(shop) {
  const id = "shop-as";
  const options = [{ visitorId: ownVisitor(), label: t("shopAs.self") }, ...shop.shoppers];
  const choose = (event) => {
    shopAs(event.target.value);
    location.assign("/");
  };
  return h(
    "div",
    { class: "demo-bar" },
    shop.shoppers.length > 0 && [
      h("label", { for: id }, t("shopAs")),
      h(
        "select",
        { id, onchange: choose },
        options.map(({ visitorId, label }) => h("option", { value: visitorId, selected: visitorId === visitor() }, label)),
      ),
    ],
    h("a", { href: "/me", "aria-current": location.pathname === "/me" ? "page" : null }, t("me.link")),
  );
}

function masthead(shop) {
  const query = location.pathname === "/search" ? new URLSearchParams(location.search).get("q") ?? "" : "";
  return h(
    "div",
    { class: "masthead" },
    h("a", { class: "brandmark", href: "/" }, h("span", { class: "spark", "aria-hidden": "true" }), shop.shopName, hidden(t("home.link"))),
    searchBox(query),
    h("div", { class: "tools" }, languageSwitch(shop), cartLink()),
  );
}

function languageSwitch(shop) {
  const other = shop.languages.find((code) => code !== lang());
  const turn = async () => {
    chooseLanguage(other);
    await start();
    document.getElementById("language").focus();
  };
  return h("button", { id: "language", type: "button", class: "ghost", lang: other === "zh" ? "zh-CN" : other, onclick: turn }, LANGUAGE_NAMES[other]);
}

function cartLink() {
  return h(
    "a",
    { class: "cart-link", id: "cart-link", href: "/cart", "aria-current": location.pathname === "/cart" ? "page" : null },
    icon("cart"),
    h("span", { class: "badge", "aria-hidden": "true" }),
    h("span", { class: "visually-hidden" }),
  );
}

function showCartCount() {
  const link = document.getElementById("cart-link");
  if (!link) return;
  const count = cartCount();
  const [badge, spoken] = link.querySelectorAll("span");
  badge.textContent = count > 99 ? "99+" : String(count);
  badge.hidden = count === 0;
  spoken.textContent = `${t("cart.title")}, ${counted("cart.count", count)}`;
}

addEventListener("daogou:cart", showCartCount);
addEventListener("storage", showCartCount);
// A page that comes back from the browser's cache shows what was known when it was left.
addEventListener("pageshow", (event) => { if (event.persisted) start(); });

append(document.getElementById("main"), [h("p", { class: "loading", "aria-hidden": "true" })]);
start();
