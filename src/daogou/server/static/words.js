// The words of the page, and numbers, money and times as the language writes them.

import { countedIn, filled, minorUnitsOf, moneyIn, numberIn } from "./format.js";

let code = "en";
let table = {};

export function lang() {
  return code;
}

/** Load a language's table, which lies beside this module. */
export async function speak(languageCode) {
  const response = await fetch(new URL(`./text/${languageCode}.json`, import.meta.url));
  table = await response.json();
  code = languageCode;
  document.documentElement.lang = languageCode === "zh" ? "zh-CN" : languageCode;
}

/** The text under `key`, with {name} filled in where `values` has it. */
export function t(key, values = {}) {
  return filled(table[key], values);
}

/** A text that still has {name} in it, with elements in their places: a list as h() takes it. */
export function around(text, elements) {
  return text.split(/\{(\w+)\}/).map((part, place) => (place % 2 ? elements[part] : part));
}

export function number(value) {
  return numberIn(code, value);
}

/** The text under `key.one` or `key.other`, with {count} filled in. */
export function counted(key, count) {
  return countedIn(code, table, key, count);
}

/** How many minor units make a major one: 100 cents a dollar, 1 yen a yen. */
export function minorUnits(currency) {
  return minorUnitsOf(currency);
}

export function money(price) {
  return moneyIn(code, price);
}

export function when(time) {
  return new Intl.DateTimeFormat(code, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}
