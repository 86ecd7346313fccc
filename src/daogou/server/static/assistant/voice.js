// Speaking to the assistant, and being read to, with what the browser has for it.

const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;

export const canListen = Boolean(Recognition);
export const canSpeak = "speechSynthesis" in globalThis;

/**
 * Listen for one sentence in a language ("zh-CN"). `heard(text, final)` gets what was understood so
 * far; `ended(error)` is called once, with null where nothing went wrong. Returns a function that stops.
 */
export function listen(tag, heard, ended) {
  const recognition = new Recognition();
  let trouble = null;
  recognition.lang = tag;
  recognition.interimResults = true;
  recognition.onresult = (event) => {
    const results = Array.from(event.results);
    const text = results.map(([best]) => best.transcript).join("");
    heard(text.trim(), results.every((result) => result.isFinal));
  };
  recognition.onerror = ({ error }) => { trouble = error === "aborted" || error === "no-speech" ? null : error; };
  recognition.onend = () => ended(trouble);
  recognition.start();
  return () => recognition.stop();
}

/** Read a text out, instead of what is being read. */
export function speak(text, tag) {
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.lang = tag;
  speechSynthesis.cancel();
  speechSynthesis.speak(utterance);
}

export function hush() {
  if (canSpeak) speechSynthesis.cancel();
}
