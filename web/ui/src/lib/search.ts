/** Those of the URL's parameters that have a value, as text. */
export function strings<K extends string>(search: Record<string, unknown>, keys: readonly K[]): Partial<Record<K, string>> {
  const out: Partial<Record<K, string>> = {};
  for (const k of keys) {
    const v = search[k];
    if ((typeof v === "string" && v !== "") || typeof v === "number" || typeof v === "boolean") out[k] = String(v);
  }
  return out;
}
