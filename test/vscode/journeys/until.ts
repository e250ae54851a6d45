const patienceMs = 90_000;

/**
 * Asks again until the answer is what is waited for. A question that fails is no answer yet: what is asked about may
 * just be drawn anew.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  isThere: (answer: T) => boolean,
  patience = patienceMs,
): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (isThere(answer)) return answer;
      last = JSON.stringify(answer);
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`in vain: ${what}; last: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
