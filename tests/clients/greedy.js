// Loaded before a program that asks models: every request of its carries temperature 0, so that a
// model writes the same words each time. `test_conformance.py` says why.
const send = globalThis.fetch;

globalThis.fetch = (url, options = {}) => {
  const { body } = options;
  if (typeof body !== "string") return send(url, options);
  return send(url, { ...options, body: JSON.stringify({ ...JSON.parse(body), temperature: 0 }) });
};
