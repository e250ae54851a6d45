/** Which line of a plan speaks of a layer, and which layer a place in a plan names. Works on plans with errors too. */

const updateLine = /^\s*(?:update\s*\{\s*)?("[^"]*"|[^\s":{}]+?)(?:\s*\.\.\s*("[^"]*"|[^\s":{}]+))?\s*:/;

/**
 * The last line of the plan that says of the layer whether it trains, from 1; else the line of its model, else 1.
 *
 * @param layers in execution order, for ranges
 */
export function lineOfLayer(plan: string, layer: string, layers: readonly string[]): number {
  const lines = plan.split('\n').map((line) => line.replace(/\/\/.*$/, ''));
  const speaks = (line: string): boolean => {
    const [, from, to] = updateLine.exec(line) ?? [];
    if (from === undefined) return false;
    if (to === undefined) return matches(unquoted(from), layer);
    const [first, last, position] = [unquoted(from), unquoted(to), layer].map((name) => layers.indexOf(name));
    return first !== undefined && last !== undefined && position !== undefined && first >= 0
      ? first <= position && position <= last
      : false;
  };
  const found = lines.findLastIndex(speaks);
  const model = lines.findIndex((line) => /^\s*model\b/.test(line));
  return (found >= 0 ? found : Math.max(0, model)) + 1;
}

/** The word at a position of the line (from 0) if it can be a layer's name. */
export function nameAt(line: string, character: number): string | undefined {
  const code = line.replace(/\/\/.*$/, '');
  const words = code.matchAll(/\.\.|"[^"]*"|(?:(?!\.\.)[^\s":;,{}])+/g);
  for (const { 0: word, index } of words) {
    if (word !== '..' && index <= character && character <= index + word.length) return unquoted(word);
  }
  return undefined;
}

function unquoted(name: string): string {
  return name.replace(/^"|"$/g, '');
}

/** `*` is any run of characters, `?` one. */
function matches(pattern: string, name: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`).test(name);
}
