// Texts with holes, numbers and money, in a language that the caller names.

/** A text with {name} filled in where `values` has it. */
export function filled(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}

export function numberIn(language, value) {
  return new Intl.NumberFormat(language).format(value);
}

/** The text of a table under `key.one` or `key.other`, with {count} filled in. */
export function countedIn(language, table, key, count) {
  const form = new Intl.PluralRules(language).select(count) === "one" ? "one" : "other";
  return filled(table[`${key}.${form}`], { count: numberIn(language, count) });
}

function currencyFormat(language, currency) {
  return new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol" });
}

/** How many minor units make a major one: 100 cents a dollar, 1 yen a yen. */
export function minorUnitsOf(currency) {
  return 10 ** currencyFormat("en", currency).resolvedOptions().maximumFractionDigits;
}

export function moneyIn(language, { amount, currency }) {
  return currencyFormat(language, currency).format(amount / minorUnitsOf(currency));
}
