/** Next calls it once, before the first request: the kit looks for the primary from then on. The Edge has no sockets. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME === 'nodejs') (await import('./regional.ts')).kit();
}
