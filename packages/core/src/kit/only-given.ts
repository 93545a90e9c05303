/**
 * The options that were given, to be laid over defaults. One that is `undefined` was not given, whoever wrote its key:
 * `{ maxConcurrent: process.env.X ? 8 : undefined }` means the default.
 */
export function onlyGiven<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
