/** Whether `signal` is aborted before `work` settles. Leaves no listener on the signal, which may outlive the work. */
export function abortedFirst(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const onAbort = (): void => resolve(true);
    const onSettled = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(false);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(onSettled, onSettled);
  });
}
