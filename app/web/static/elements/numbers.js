// Formats numbers for display.

let whole; // created when first needed: it would take longer than the code before the first answer

export const count = (value) => (whole ??= new Intl.NumberFormat("en")).format(value);

/** A probability as a percentage; never 0% or 100% unless it is exactly that. */
export function percent(probability) {
  if (probability > 0 && probability < 0.001) return "<0.1%";
  if (probability < 1 && probability >= 0.9995) return ">99.9%";
  return `${(probability * 100).toFixed(1)}%`;
}

/** A probability as a whole percentage; never 0% or 100% unless it is exactly that. */
export function wholePercent(probability) {
  if (probability > 0 && probability < 0.005) return "<1%";
  if (probability < 1 && probability >= 0.995) return ">99%";
  return `${Math.round(probability * 100)}%`;
}

/** A change of a probability in percentage points, with its sign. */
export function points(effect) {
  const size = Math.abs(effect * 100);
  if (size < 0.05) return "0";
  return (effect < 0 ? "−" : "+") + size.toFixed(size < 9.95 ? 1 : 0);
}
