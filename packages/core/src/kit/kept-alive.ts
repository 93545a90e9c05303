/**
 * Keeps the process alive while somebody waits for `work`. Our timers do not, and work that is stuck may hold no socket:
 * the process would end in the middle of an `await`, without a word.
 */
export async function keptAlive<T>(work: () => Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 2_147_483_647);
  try {
    return await work();
  } finally {
    clearInterval(hold);
  }
}
